import { record, sdk } from "./recorder.mjs";

const METHODS = {
  create_message: "messages.create",
  count_tokens: "messages.countTokens",
  list_models: "models.list",
  get_model: "models.retrieve",
  create_batch: "messages.batches.create",
  list_batches: "messages.batches.list",
  get_batch: "messages.batches.retrieve",
  get_batch_results: "messages.batches.results",
  cancel_batch: "messages.batches.cancel",
  list_files: "files.list",
  get_file: "files.retrieveMetadata",
  upload_file: "files.upload",
  download_file: "files.download",
  delete_file: "files.delete",
  list_members: "organization.users.list",
  list_workspaces: "organization.workspaces.list",
  list_api_keys: "organization.apiKeys.list",
  "(verify)": "models.list",
};
const { default: Anthropic } = await sdk("@anthropic-ai/sdk");

await record({
  name: "anthropic",
  sdk: "@anthropic-ai/sdk",
  imports: 'import Anthropic from "@anthropic-ai/sdk";',
  functions: Object.fromEntries(Object.entries(METHODS).map(([action, path]) => [
    action, `Anthropic${path.split(".").map((one) => `["${one}"]`).join("")}`,
  ])),
  // Of lines one, and of a file a text.
  answer: (type, action) =>
    ({ get_batch_results: "Anthropic.Messages.MessageBatchIndividualResponse", download_file: "string" })[action]
    ?? `Omit<${type}, "body" | "client" | "options" | "response">`, // a page keeps how it was asked for
  sample: { // the SDK asks for the batch, and then for the address that it tells
    get_batch_results: (url) => ({ results_url: `${url}/v1/messages/batches/arg-messageBatchID/results` }),
  },
  call: (action, values, url) => {
    const client = new Anthropic({ apiKey: "key", baseURL: url, maxRetries: 0 });
    const [method, ...way] = METHODS[action].split(".").reverse();
    return way.reverse().reduce((one, name) => one[name], client)[method](...values);
  },
});
