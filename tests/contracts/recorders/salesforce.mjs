// jsforce has a call for most; what it has none for goes through its `request`, as Salesforce's pages say.
import { record, sdk } from "./recorder.mjs";

const VERSION = "67.0";
const GUIDE = "https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest";
const OBJECTS = "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference";
const HELP = "https://help.salesforce.com/s/articleView";
// Each call: what it takes and gives, how it is made, and the page that says so where jsforce does not.
const CALLS = {
  query_records: ["(soql: string) => QueryResult<Account>", (org, soql) => org.query(soql)],
  find_records: [
    "(object: string, values: Row, fields: string[]) => QueryResult<Account>",
    (org, object, values, fields) => org.sobject(object).find(values, fields),
  ],
  get_record: [
    '(object: string, record: string, options?: Pick<RetrieveOptions, "fields">) => Account',
    (org, object, record, options) => org.sobject(object).retrieve(record, options),
  ],
  create_record: [
    "(object: string, values: Row) => SaveResult",
    (org, object, values) => org.sobject(object).create(values),
  ],
  update_record: [
    "(object: string, record: string, values: Row) => void",
    (org, object, record, values) => org.sobject(object).update({ Id: record, ...values }),
  ],
  upsert_record: [
    "(object: string, values: Row, field: string, value: string) => UpsertResult",
    (org, object, values, field, value) => org.sobject(object).upsert({ ...values, [field]: value }, field),
  ],
  delete_record: [
    "(object: string, record: string) => void",
    (org, object, record) => org.sobject(object).destroy(record),
  ],
  create_records: [
    '(leads: Fields<"Lead">[], options?: Pick<DmlOptions, "allOrNone">) => Saved[]',
    (org, leads, options) => org.sobject("Lead").create(leads, options),
  ],
  create_task: ['(task: Writable<Fields<"Task">>) => SaveResult', (org, task) => org.sobject("Task").create(task)],
  list_opportunities: ["(soql: string) => QueryResult<Opportunity>", (org, soql) => org.query(soql)],
  list_objects: ["() => DescribeGlobalResult", (org) => org.describeGlobal()],
  get_object: ["(object: string) => Described", (org, object) => org.describe(object)],
  list_recent_records: ["(limit?: number) => Found[]", (org, limit) => org.recent(limit)],
  list_reports: ['Analytics<StandardSchema>["reports"]', (org) => org.analytics.reports()],
  get_report: [
    '(report: string, options: Parameters<Report<StandardSchema>["execute"]>[0]) => ReportResult',
    (org, report, options) => org.analytics.report(report).execute({ details: options?.details }),
  ],
  get_limits: ["() => Limits", (org) => org.limits()],
  search_records: [
    "(search: Search) => { searchRecords: Found[]; metadata: Row }",
    (org, search) => org.requestPost("/parameterizedSearch", search),
    `${GUIDE}/resources_search_parameterized_post.htm`,
  ],
  list_related_records: [
    "(object: string, record: string, relationship: string, fields?: string[]) => QueryResult<Found>",
    (org, object, record, relationship, fields) =>
      org.request(`/sobjects/${object}/${record}/${relationship}${fields === undefined ? "" : `?fields=${fields}`}`),
    `${GUIDE}/resources_sobject_relationships_get.htm`,
  ],
  "(verify)": [
    "() => UserInfo",
    (org) => org.request("/services/oauth2/userinfo"),
    `${HELP}?id=xcloud.remoteaccess_using_userinfo_endpoint.htm`,
  ],
};
const { Connection } = await sdk("jsforce");

await record({
  name: "salesforce",
  sdk: "jsforce",
  imports: `
    import type {
      DescribeGlobalResult, DescribeSObjectResult, DmlOptions, Field, OrganizationLimitsInfo,
      QueryResult as SomeResult, RetrieveOptions, SaveResult, StandardSchema, UpsertResult,
    } from "jsforce";
    import type { Analytics, Report } from "jsforce/lib/api/analytics";
    type Objects = StandardSchema["SObjects"];
    type Plain<F> = { [N in keyof F]: Exclude<F[N], null> extends string ? string : F[N] }; // days are texts
    type Fields<N extends keyof Objects> = Plain<Objects[N]["Fields"]>;
    type Row = { [field: string]: any };
    type QueryResult<R extends Row> = Required<SomeResult<R>>;
    type Account = Fields<"Account"> & { attributes: Attributes };
    type Opportunity = Fields<"Opportunity"> & {
      attributes: Attributes; Account: Pick<Fields<"Account">, "Name">; Owner: Pick<Fields<"User">, "Name">;
    };
    // What Salesforce sets itself: ${OBJECTS}/sforce_api_objects_task.htm
    type Kept = "Id" | "AccountId" | "CreatedById" | "CreatedDate" | "IsArchived" | "IsClosed" | "IsDeleted"
      | "IsHighPriority" | "LastModifiedById" | "LastModifiedDate" | "RecurrenceActivityId" | "SystemModstamp";
    type Writable<F> = { [N in keyof F as Exclude<N, Kept>]?: F[N] };
    type ReportResult = Awaited<ReturnType<Report<StandardSchema>["execute"]>>;
    // ${GUIDE}/resources_sobject_describe.htm
    type Choice = { active: boolean; defaultValue: boolean; label: string; validFor: string | null; value: string };
    type Described = Omit<DescribeSObjectResult, "fields">
      & { fields: (Omit<Field, "picklistValues"> & { picklistValues: Choice[] })[] };
    // ${GUIDE}/dome_see_recently_viewed.htm, ${GUIDE}/dome_search.htm
    type Attributes = { type: string; url: string };
    type Found = { attributes: Attributes; Id: string; Name: string };
    // ${GUIDE}/resources_composite_sobjects_collections_create.htm: jsforce calls the status code errorCode
    type Saved = { id: string; success: boolean; errors: { statusCode: string; message: string; fields: string[] }[] };
    // ${GUIDE}/resources_limits.htm
    type Limits = { [N in
      "DailyApiRequests" | "DailyAsyncApexExecutions" | "DailyBulkApiBatches" | "DailyWorkflowEmails" | "DataStorageMB"
      | "FileStorageMB" | "HourlyAsyncReportRuns" | "HourlySyncReportRuns" | "MassEmail" | "SingleEmail"
    ]: OrganizationLimitsInfo[string] };
    type Search = {
      q: string; dataCategories?: { groupName: string; operator: string; categories: string[] }[]; defaultLimit?: number;
      division?: string; fields?: string[]; in?: string; metadata?: string; netWorkIds?: string[]; offset?: number;
      overallLimit?: number; pricebookId?: string; snippet?: number; spellCorrection?: boolean; updateTracking?: boolean;
      sobjects?: { name: string; fields: string[]; limit: number; orderBy: Row[]; where: string }[];
      updateViewStat?: boolean;
    };
    type UserInfo = {
      sub: string; user_id: string; organization_id: string; preferred_username: string; nickname: string; name: string;
      email: string; email_verified: boolean; given_name: string; family_name: string; zoneinfo: string; profile: string;
      picture: string; photos: { picture: string; thumbnail: string }; active: boolean; user_type: string;
      language: string; locale: string; utcOffset: number; updated_at: string; urls: Row;
    };
  `,
  functions: Object.fromEntries(Object.entries(CALLS).map(([action, [type]]) => [action, type])),
  calls: Object.fromEntries(Object.entries(CALLS).map(([action, [, call, page]]) => [
    action, page === undefined ? `${call}` : `${call}, as ${page} says`,
  ])),
  call: async (action, values, url) =>
    CALLS[action][1](new Connection({ instanceUrl: url, accessToken: "token", version: VERSION }), ...values),
});
