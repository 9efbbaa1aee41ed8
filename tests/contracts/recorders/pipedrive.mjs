import { record, sdk } from "./recorder.mjs";

const METHODS = {
  search_items: "v2.ItemSearchApi.searchItem",
  list_deals: "v2.DealsApi.getDeals",
  search_deals: "v2.DealsApi.searchDeals",
  get_deal: "v2.DealsApi.getDeal",
  create_deal: "v2.DealsApi.addDeal",
  update_deal: "v2.DealsApi.updateDeal",
  delete_deal: "v2.DealsApi.deleteDeal",
  list_deal_fields: "v2.DealFieldsApi.getDealFields",
  list_persons: "v2.PersonsApi.getPersons",
  search_persons: "v2.PersonsApi.searchPersons",
  get_person: "v2.PersonsApi.getPerson",
  create_person: "v2.PersonsApi.addPerson",
  update_person: "v2.PersonsApi.updatePerson",
  list_organizations: "v2.OrganizationsApi.getOrganizations",
  search_organizations: "v2.OrganizationsApi.searchOrganization",
  get_organization: "v2.OrganizationsApi.getOrganization",
  create_organization: "v2.OrganizationsApi.addOrganization",
  update_organization: "v2.OrganizationsApi.updateOrganization",
  list_activities: "v2.ActivitiesApi.getActivities",
  create_activity: "v2.ActivitiesApi.addActivity",
  update_activity: "v2.ActivitiesApi.updateActivity",
  delete_activity: "v2.ActivitiesApi.deleteActivity",
  list_notes: "v1.NotesApi.getNotes",
  create_note: "v1.NotesApi.addNote",
  list_leads: "v1.LeadsApi.getLeads",
  create_lead: "v1.LeadsApi.addLead",
  list_pipelines: "v2.PipelinesApi.getPipelines",
  list_stages: "v2.StagesApi.getStages",
  list_users: "v1.UsersApi.getUsers",
  "(verify)": "v1.UsersApi.getCurrentUser",
};
const BASES = { v1: "/api/v1", v2: "/api/v2" };
const versions = { v1: await sdk("pipedrive/v1"), v2: await sdk("pipedrive/v2") };

await record({
  name: "pipedrive",
  sdk: "pipedrive",
  imports: 'import * as v1 from "pipedrive/v1"; import * as v2 from "pipedrive/v2";',
  functions: Object.fromEntries(Object.entries(METHODS).map(([action, path]) => {
    const [version, api, method] = path.split(".");
    return [action, `${version}.${api}["${method}"]`];
  })),
  call: (action, values, url) => {
    const [version, api, method] = METHODS[action].split(".");
    const { Configuration, [api]: Api } = versions[version];
    const basePath = url + BASES[version];
    return new Api(new Configuration({ apiKey: "key", basePath }), basePath)[method](...values);
  },
});
