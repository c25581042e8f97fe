import { lazy, Suspense, type ComponentType } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import { Crash } from "./Crash";
import { Layout } from "./Layout";
import { NotFound } from "./NotFound";
import { PAGES } from "./pages";
import { Starting } from "./Starting";

/** Return a page that loads when it is first shown. It uses React's lazy, because the router's lazy leaves the screen empty if loading fails. */
function later(load: () => Promise<{ Component: ComponentType }>) {
  const Later = lazy(async () => ({ default: (await load()).Component }));
  return <Later />;
}

/** Every page has its own error boundary, so an error in a page leaves the menu usable. */
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
