import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const APART = "features never import one another nor the app; what two need goes to components or lib";
const features = "@/features/*";
const app = "@/app/*";

/** Imports go one way: app → features → components → lib. A feature reaches its own files by ./, everything else by @/. */
function only(files, forbidden, message) {
  return { files, rules: { "no-restricted-imports": ["error", { patterns: [{ group: forbidden, message }] }] } };
}

export default tseslint.config(
  { ignores: ["dist", "src/lib/api/schema.d.ts"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  reactHooks.configs.flat.recommended,
  jsxA11y.flatConfigs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A handler may start something and not wait for it, when it says so: `void start()`.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Numbers in text are what most of this page shows.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // An empty string is as good as none in what a person or a header said.
      "@typescript-eslint/prefer-nullish-coalescing": ["error", { ignorePrimitives: { string: true, boolean: true } }],
      "no-console": "error",
    },
  },
  only(["src/lib/**"], ["@/app/*", features, "@/components/*"], "lib stands alone: it knows no component, no feature, no app"),
  only(["src/components/**"], [app, features], "components know lib, but no feature and no app"),
  only(["src/features/*/*"], [app, features, "../*"], APART),
  only(["src/features/*/*/**"], [app, features, "../../*"], APART),
  { files: ["**/*.js", "**/*.mjs"], extends: [tseslint.configs.disableTypeChecked], languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } }, rules: { "no-console": "off" } },
  { files: ["public/**"], languageOptions: { globals: { document: "readonly", localStorage: "readonly" } } },
);
