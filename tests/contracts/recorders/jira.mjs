// What the descriptions of 2022 do not have yet, or say without a schema.
import { record, sdk } from "./recorder.mjs";

const METHODS = {
  search_issues: "Cloud.issueSearch.searchAndReconsileIssuesUsingJqlPost",
  query_issues: "Cloud.issueSearch.searchAndReconsileIssuesUsingJqlPost",
  list_issue_types: "Cloud.issues.getCreateIssueMetaIssueTypes",
  list_sprints: "Agile.board.getAllSprints",
};
const { createAgileClient, createCloudClient } = await sdk("jira.js");

await record({
  name: "jira",
  sdk: "jira.js",
  imports: 'import { createAgileClient, createCloudClient } from "jira.js";',
  functions: Object.fromEntries(Object.entries(METHODS).map(([action, path]) => {
    const [api, part, method] = path.split(".");
    return [action, `ReturnType<typeof create${api}Client>["${part}"]["${method}"]`];
  })),
  call: (action, values, url) => {
    const [api, part, method] = METHODS[action].split(".");
    const client = { Agile: createAgileClient, Cloud: createCloudClient }[api]({
      host: url, auth: { type: "basic", email: "ann@example.org", apiToken: "token" },
    });
    return client[part][method](...values);
  },
});
