import { record, sdk } from "./recorder.mjs";

const METHODS = {
  search_pages: "v1.search.searchByCQL",
  query_pages: "v1.search.searchByCQL",
  list_spaces: "v2.space.getSpaces",
  list_pages: "v2.page.getPagesInSpace",
  list_child_pages: "v2.children.getPageDirectChildren",
  get_page: "v2.page.getPageById",
  create_page: "v2.page.createPage",
  update_page: "v2.page.updatePage",
  delete_page: "v2.page.deletePage",
  list_page_versions: "v2.version.getPageVersions",
  list_comments: "v2.comment.getPageFooterComments",
  add_comment: "v2.comment.createFooterComment",
  list_attachments: "v2.attachment.getPageAttachments",
  list_labels: "v2.label.getPageLabels",
  list_blog_posts: "v2.blogPost.getBlogPostsInSpace",
  list_tasks: "v2.task.getTasks",
  "(verify)": "v1.users.getCurrentUser",
};
const { createV1Client } = await sdk("confluence.js/v1");
const { createV2Client } = await sdk("confluence.js/v2");

await record({
  name: "confluence",
  sdk: "confluence.js",
  imports: 'import { createV1Client } from "confluence.js/v1"; import { createV2Client } from "confluence.js/v2";',
  functions: Object.fromEntries(Object.entries(METHODS).map(([action, path]) => {
    const [version, part, method] = path.split(".");
    return [action, `ReturnType<typeof create${version.toUpperCase()}Client>["${part}"]["${method}"]`];
  })),
  also: { "(verify)": ["list_spaces"] },
  call: (action, values, url) => {
    const [version, part, method] = METHODS[action].split(".");
    const client = { v1: createV1Client, v2: createV2Client }[version]({
      host: url, auth: { type: "basic", email: "ann@example.org", apiToken: "token" },
    });
    return client[part][method](...values);
  },
});
