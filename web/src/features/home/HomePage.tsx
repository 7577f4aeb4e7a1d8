import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { Page } from "@/ui/Page";
import { EngineHealth, EngineSentence, useEngineTrouble } from "./EngineHealth";
import { FirstSteps } from "./FirstSteps";
import { NeedsMe } from "./NeedsMe";
import { OverTime } from "./OverTime";
import { UnderWay } from "./UnderWay";

/** What needs somebody now, how the engine is, and what the last time was like. */
export function HomePage() {
  const may = useMay();
  return (
    <Page title="Home" summary={<EngineSentence />}>
      {may("workflow.read") && <FirstSteps />}
      {may("run.read") ? <Living /> : <NoRole />}
    </Page>
  );
}

/** What is not well with the engine comes first: all else hangs on it. */
function Living() {
  const isTroubled = useEngineTrouble();
  return (
    <>
      {isTroubled && <EngineHealth />}
      <NeedsMe />
      <OverTime />
      {!isTroubled && <EngineHealth />}
      <UnderWay />
    </>
  );
}

function NoRole() {
  return (
    <EmptyState title="You have no role here yet">
      You are signed in, and may see nothing so far. Who administers this server can give you a role, in a namespace or
      everywhere.
    </EmptyState>
  );
}
