import { record, sdk } from "./recorder.mjs";

const METHODS = {
  list_sources: "SourcesApi.listSources",
  get_source: "SourcesApi.getSource",
  create_source: "SourcesApi.createSource",
  update_source: "SourcesApi.updateSource",
  list_source_destinations: "SourcesApi.listConnectedDestinationsFromSource",
  list_source_catalog: "CatalogApi.getSourcesCatalog",
  list_destinations: "DestinationsApi.listDestinations",
  update_destination: "DestinationsApi.updateDestination",
  list_failed_deliveries: "DeliveryOverviewApi.getEgressFailedMetricsFromDeliveryOverview",
  list_event_volumes: "EventsApi.getEventsVolumeFromWorkspace",
  list_warehouses: "WarehousesApi.listWarehouses",
  list_warehouse_syncs: "SelectiveSyncApi.listSyncsFromWarehouse",
  list_tracking_plans: "TrackingPlansApi.listTrackingPlans",
  create_tracking_plan: "TrackingPlansApi.createTrackingPlan",
  list_tracking_plan_rules: "TrackingPlansApi.listRulesFromTrackingPlan",
  update_tracking_plan_rules: "TrackingPlansApi.updateRulesInTrackingPlan",
  list_audit_events: "AuditTrailApi.listAuditEvents",
  list_members: "IAMUsersApi.listUsers",
  list_privacy_requests: "DeletionAndSuppressionApi.listWorkspaceRegulations",
  delete_user_data: "DeletionAndSuppressionApi.createWorkspaceRegulation",
  "(verify)": "WorkspacesApi.getWorkspace",
};
const { default: api } = await sdk("@segment/public-api-sdk-typescript");

await record({
  name: "segment",
  sdk: "@segment/public-api-sdk-typescript",
  imports: 'import * as api from "@segment/public-api-sdk-typescript";',
  functions: Object.fromEntries(Object.entries(METHODS).map(([action, path]) => {
    const [name, method] = path.split(".");
    return [action, `api.${name}["${method}"]`];
  })),
  answer: (type) => `${type}["body"]`,
  call: (action, values, url) => {
    const [name, method] = METHODS[action].split(".");
    const one = new api[name](url);
    one.accessToken = "token";
    return one[method](...values);
  },
});
