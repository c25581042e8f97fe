import { lazy, Suspense, type ComponentType } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import { Crash } from "./Crash";
import { Layout } from "./Layout";
import { NotFound } from "./NotFound";
import { PAGES } from "./pages";
import { Starting } from "./Starting";

/** Return a page that is loaded when it is first shown. React's own lazy: the router's leaves the screen empty when the loading fails. */
function later(load: () => Promise<{ Component: ComponentType }>) {
  const Later = lazy(async () => ({ default: (await load()).Component }));
  return <Later />;
}

/** Every page has its own error boundary: one that breaks leaves the menu standing. */
const pages: RouteObject[] = PAGES.map(({ path, load }) => ({ path, element: later(load), errorElement: <Crash /> }));

const login = <Suspense fallback={<Starting />}>{later(() => import("@/features/login/LoginPage"))}</Suspense>;

export const router = createBrowserRouter([
  {
    errorElement: <Crash />,
    children: [
      { path: "/login", element: login },
      { element: <Layout />, children: [...pages, { path: "*", element: <NotFound /> }] },
    ],
  },
]);
