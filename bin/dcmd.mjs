#!/usr/bin/env node
// The operator's command.
import { launch } from "./launch.mjs";

await launch("chain/main.ts");
