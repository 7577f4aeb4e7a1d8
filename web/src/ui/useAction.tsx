import { notifications } from "@mantine/notifications";
import { IconCheck } from "@tabler/icons-react";
import { type QueryKey, type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";

interface ActionOptions<Given, Result> {
  run: (given: Given) => Promise<Result>;
  /** What is told once it is done. */
  success: (result: Result, given: Given) => string;
  /** What is out of date afterwards, by the beginnings of query keys. */
  refresh?: QueryKey[];
  onDone?: (result: Result, given: Given) => void;
}

/** Something that changes the installation: tells when it is done, and has what is shown read anew. */
export function useAction<Given = void, Result = unknown>({
  run,
  success,
  refresh = [],
  onDone,
}: ActionOptions<Given, Result>): UseMutationResult<Result, Error, Given> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (result, given) => {
      notifications.show({ message: success(result, given), color: "teal", icon: <IconCheck size={16} aria-hidden /> });
      for (const queryKey of refresh) void queryClient.invalidateQueries({ queryKey });
      onDone?.(result, given);
    },
  });
}
