import bench from "./bench.json";
import common from "./common.json";
import embeddings from "./embeddings.json";
import login from "./login.json";
import overview from "./overview.json";
import parts from "./parts.json";
import quantum from "./quantum.json";
import runs from "./runs.json";
import search from "./search.json";

export default { bench, common, embeddings, login, overview, parts, quantum, runs, search };
