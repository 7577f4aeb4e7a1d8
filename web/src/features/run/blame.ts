/** What an error of a run means for who is to mend it: in plain words, whose fault it is, and whether a retry helps. */

export interface Judgement {
  /** What has happened, in plain words. */
  cause: string;
  /** Whose affair it is. */
  fault: string;
  /** Whether trying again helps, and what is to be done before. */
  retry: string;
  /** `yes`: it may well help as it is; `after`: once something was mended; `no`: not with the same input. */
  helps: "yes" | "after" | "no" | "unknown";
}

const STANDARD = /^https:\/\/(?:serverlessworkflow\.io|open-workflow-specification\.org)\/.*\/([a-z]+)$/;

interface Judged {
  type: string;
  status?: number;
  /** Whether a child run failed, whose error the task has taken over. */
  isOfChild?: boolean;
}

/** Judges an error by its type and status, and by where it came from. */
export function judgeError({ type, status, isOfChild = false }: Judged): Judgement {
  if (isOfChild) return OF_CHILD;
  if (type === "kapell://errors/lost") return LOST;
  const kind = STANDARD.exec(type)?.[1];
  if (kind === "communication") return judgeCommunication(status ?? 500);
  return (kind && STANDARD_JUDGEMENTS[kind]) || OWN;
}

const LOST: Judgement = {
  cause: "The engine stopped while this attempt was under way. Nobody knows whether it did its work.",
  fault: "Nobody's who wrote or started this: a process or a machine has died.",
  retry: "Find out first whether the work was done. If it was, skip the task; if it was not, retry it.",
  helps: "unknown",
};

const OF_CHILD: Judgement = {
  cause: "The child run that the task started has failed, and its error is this task's error.",
  fault: "What the child run says: look into it first.",
  retry: "A retry starts a new child run. It helps once what failed there is mended, or with another input.",
  helps: "after",
};

const OWN: Judgement = {
  cause: "The workflow itself raised this error, or a service answered with an error of its own kind.",
  fault: "What it says is decided by who wrote the workflow.",
  retry: "A retry helps only if what led to it has changed.",
  helps: "after",
};

const STANDARD_JUDGEMENTS: Record<string, Judgement> = {
  configuration: {
    cause: "The workflow names something that is not there, or has a value that cannot be used.",
    fault: "The workflow's author, or who sets up this installation (secrets, connections).",
    retry: "Retrying helps once what is missing has been set up. A mistake in the workflow itself needs a new version.",
    helps: "after",
  },
  validation: {
    cause: "Data does not look as the workflow's schema says it must.",
    fault: "Whoever gave the data: the input of the run, or what a service answered.",
    retry: "The same data fails again. Retry with a corrected input, or start a new run.",
    helps: "no",
  },
  expression: {
    cause: "An expression of the workflow could not be evaluated on this data.",
    fault: "The workflow's author: the expression does not fit the data that there is.",
    retry: "The same data fails again. Retry with another input, or publish a corrected version and start anew.",
    helps: "no",
  },
  authentication: {
    cause: "The service that was called does not know who is calling: the credentials are missing, wrong or expired.",
    fault: "Whoever looks after the secret for this service.",
    retry: "Renew the secret first; a retry reads it anew.",
    helps: "after",
  },
  authorization: {
    cause: "The service that was called knows who is calling, and does not allow this.",
    fault: "Whoever grants permissions in that service.",
    retry: "Have the permission granted first, then retry.",
    helps: "after",
  },
  timeout: {
    cause: "It took longer than it was allowed to take.",
    fault: "The service or process that was slow; or the workflow's timeout is too short.",
    retry: "A retry may well help, if it was slow for a while. What was begun may have been done all the same.",
    helps: "yes",
  },
  runtime: {
    cause: "A process that the task started has failed, or a limit was reached.",
    fault: "The script or program that was run, or the machine that it needs. Its lines in the log say more.",
    retry: "Retrying helps once the cause is gone; a script that fails on its input fails again.",
    helps: "after",
  },
};

function judgeCommunication(status: number): Judgement {
  if (status === 429) {
    return {
      cause: "The service that was called has had too many requests.",
      fault: "The service protects itself; the workflow, or others, ask it too often.",
      retry: "Retrying later helps.",
      helps: "yes",
    };
  }
  if (status >= 400 && status < 500) {
    return {
      cause: `The service that was called refused the request (status ${status}).`,
      fault: "What was asked of it: the workflow, or the input that it was given.",
      retry: "The same request is refused again. Retry with another input, or mend what it asks for.",
      helps: "no",
    };
  }
  return {
    cause: "The service that was called did not answer, or failed itself.",
    fault: "That service, or the network to it.",
    retry: "A retry helps as soon as the service works again.",
    helps: "yes",
  };
}
