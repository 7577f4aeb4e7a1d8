/** The root of all addresses. */
import { createRootRoute } from "@tanstack/react-router";
import { NotFoundPage } from "./NotFoundPage";
import { Shell } from "./Shell";

export const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });
