import "./style/tokens.css";
import "./style/shell.css";
import "./style/controls.css";
import "./style/chat.css";
import "./style/feedback.css";
import "./style/search.css";
import "./style/documents.css";
import "./style/block.css";
import "./style/pipeline.css";
import "./style/model.css";
import "./style/passage.css";

import { render } from "preact";

import { Client } from "./api/client.ts";
import { Keyring } from "./api/keyring.ts";
import { App } from "./shell/app.tsx";

const root = document.getElementById("app");
if (root) render(<App client={new Client(new Keyring())} />, root);
