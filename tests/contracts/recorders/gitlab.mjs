import { record, sdk } from "./recorder.mjs";

const METHODS = {
  list_projects: 'Projects.all<false, "offset">',
  get_project: "Projects.show<false>",
  list_issues: 'Issues.all<false, "offset">',
  list_my_issues: 'Issues.all<false, "offset">',
  get_issue: "Issues.show<false>",
  create_issue: "Issues.create<false>",
  update_issue: "Issues.edit<false>",
  list_comments: 'IssueNotes.all<false, "offset">',
  "list_comments/merge_requests": 'MergeRequestNotes.all<false, "offset">',
  add_comment: "IssueNotes.create<false>",
  "add_comment/merge_requests": "MergeRequestNotes.create<false>",
  list_merge_requests: 'MergeRequests.all<false, "offset">',
  list_my_merge_requests: 'MergeRequests.all<false, "offset">',
  get_merge_request: "MergeRequests.show<false>",
  list_merge_request_changes: 'MergeRequests.allDiffs<false, "offset">',
  create_merge_request: "MergeRequests.create<false>",
  update_merge_request: "MergeRequests.edit<false>",
  merge_merge_request: "MergeRequests.merge<false>",
  list_files: "Repositories.allRepositoryTrees<false>",
  get_file: "RepositoryFiles.show<false>",
  create_commit: "Commits.create<false>",
  list_commits: 'Commits.all<false, "offset">',
  list_branches: 'Branches.all<false, "offset">',
  search_code: 'Search.all<false, "offset">',
  list_pipelines: "Pipelines.all<false>",
  list_jobs: 'Jobs.all<false, "offset">',
  get_job_log: "Jobs.showLog<false>",
  create_pipeline: "Pipelines.create<false>",
  retry_pipeline: "Pipelines.retry<false>",
  list_members: 'ProjectMembers.all<false, "offset">',
  "(verify)": "Users.showCurrentUser<false, false>",
};
// What the SDK's types leave out or have otherwise, by the server's own entities:
// https://gitlab.com/gitlab-org/gitlab/-/tree/master/lib/api/entities
const TYPES = `
import { type BlobSchema, type ExpandedMergeRequestSchema, Gitlab, type IssueSchema, type MergeRequestDiffSchema,
  type MergeRequestSchema, type NoteSchema, type PipelineSchema, type RepositoryFileExpandedSchema } from "@gitbeaker/rest";
declare const api: Gitlab<false>;
type Without<T, K> = { [P in keyof T as P extends K ? never : P]: T[P] };
type Person = MergeRequestSchema["author"];
type Issue = Without<IssueSchema, "closed_by" | "labels"> & { closed_by: Person | null; labels: string[] };
type Merge<T> = Without<T, "labels"> & { labels: string[]; merge_user: Person | null };
type Position = {
  base_sha: string; start_sha: string; head_sha: string; old_path: string; new_path: string; position_type: string;
  old_line: number | null; new_line: number | null };
type Note = NoteSchema & {
  type: string | null; internal: boolean; resolved: boolean; resolved_by: Person | null; resolved_at: string | null;
  position: Position; commands_changes: Record<string, unknown> };
type File = RepositoryFileExpandedSchema & { execute_filemode: boolean };
type Diff = MergeRequestDiffSchema & { collapsed: boolean; too_large: boolean; generated_file: boolean };
type NamedPipeline = PipelineSchema & { name: string | null };
`;
const ANSWERS = {
  list_issues: "Issue[]",
  list_my_issues: "Issue[]",
  get_issue: "Issue",
  create_issue: "Issue",
  update_issue: "Issue",
  list_comments: "Note[]",
  "list_comments/merge_requests": "Note[]",
  add_comment: "Note",
  "add_comment/merge_requests": "Note",
  list_merge_requests: "Merge<MergeRequestSchema>[]",
  list_my_merge_requests: "Merge<MergeRequestSchema>[]",
  get_merge_request: "Merge<ExpandedMergeRequestSchema>",
  list_merge_request_changes: "Diff[]",
  create_merge_request: "Merge<ExpandedMergeRequestSchema>",
  update_merge_request: "Merge<ExpandedMergeRequestSchema>",
  merge_merge_request: "Merge<ExpandedMergeRequestSchema>",
  get_file: "File",
  search_code: "BlobSchema[]",
  list_pipelines: "NamedPipeline[]",
};
const { Gitlab } = await sdk("@gitbeaker/rest");

const ofProject = ([options]) => [{ ...options, projectId: "arg-projectId", groupId: undefined }];
const ofAll = ([options]) => [options && { ...options, projectId: undefined, groupId: undefined }];

await record({
  name: "gitlab",
  sdk: "@gitbeaker/rest",
  imports: TYPES,
  functions: Object.fromEntries(Object.entries(METHODS).map(([action, path]) => [action, `typeof api.${path}`])),
  answer: (type, action) => ANSWERS[action] ?? type,
  change: {
    list_projects: ([options]) => [options && { ...options, userId: undefined }],
    list_issues: ofProject,
    list_my_issues: ofAll,
    get_issue: ([issue]) => [issue, { projectId: "arg-projectId" }],
    list_merge_requests: ofProject,
    list_my_merge_requests: ofAll,
    // https://docs.gitlab.com/api/search/: `ref`, which the types leave out
    search_code: ([, words, options]) => [
      "blobs", words, { ...options, ...(options && { ref: "main" }), projectId: "arg-projectId", groupId: undefined },
    ],
    // https://docs.gitlab.com/api/jobs/: `scope[]`, one state or several
    list_jobs: ([project, options]) => [project, { ...options, pipelineId: options?.pipelineId ?? 7, scope: options && [options.scope] }],
    list_members: ([project, options]) => [project, { ...options, includeInherited: true }],
  },
  call: (action, values, url) => {
    const [name, method] = METHODS[action].replace(/<.*/, "").split(".");
    return new Gitlab({ host: url, token: "token" })[name][method](...values);
  },
});
