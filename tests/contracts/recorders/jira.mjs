// What the descriptions of 2022 do not have yet.
import { record, sdk } from "./recorder.mjs";

const METHODS = {
  search_issues: "issueSearch.searchAndReconsileIssuesUsingJqlPost",
  query_issues: "issueSearch.searchAndReconsileIssuesUsingJqlPost",
  list_issue_types: "issues.getCreateIssueMetaIssueTypes",
};
const { createCloudClient } = await sdk("jira.js");

await record({
  name: "jira",
  sdk: "jira.js",
  imports: 'import { createCloudClient } from "jira.js"; type Client = ReturnType<typeof createCloudClient>;',
  functions: Object.fromEntries(Object.entries(METHODS).map(([action, path]) => {
    const [part, method] = path.split(".");
    return [action, `Client["${part}"]["${method}"]`];
  })),
  call: (action, values, url) => {
    const [part, method] = METHODS[action].split(".");
    const client = createCloudClient({ host: url, auth: { type: "basic", email: "ann@example.org", apiToken: "token" } });
    return client[part][method](...values);
  },
});
