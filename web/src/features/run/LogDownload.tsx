import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { downloadText } from "@/ui/download";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { isFilter, type LogQuery, writeLines } from "./logModel";
import { makeReader } from "./useLogWindow";

const PAGE = 500;

interface LogDownloadProps {
  runId: string;
  query: LogQuery;
  /** The number of the log's last line. */
  last: number;
}

/** Saves a log to a file: all of it, or what the filter lets through. */
export function LogDownload({ runId, query, last }: LogDownloadProps) {
  const [read, setRead] = useState(0);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const download = useMutation({
    mutationFn: async () => {
      abort.current = new AbortController();
      const parts: string[] = [];
      const readPage = makeReader(runId);
      for (let after: number | null = 0; after !== null; ) {
        setRead(after);
        const page = await readPage({ ...query, after, limit: PAGE }, abort.current.signal);
        parts.push(writeLines(page.items));
        after = page.next ? Number(page.next) : null;
      }
      downloadText(`${runId}.log`, parts.join(""));
    },
  });
  const share = last > 0 ? Math.min(99, Math.floor((read / last) * 100)) : 0;
  const wasStopped = abort.current?.signal.aborted;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconDownload size={14} aria-hidden />}
        disabled={last === 0}
        onClick={() => (download.isPending ? abort.current?.abort() : download.mutate())}
      >
        {download.isPending ? `Stop (${share} %)` : isFilter(query) ? "Download what matches" : "Download"}
      </Button>
      {download.error && !wasStopped && <ErrorNotice error={download.error} />}
    </>
  );
}
