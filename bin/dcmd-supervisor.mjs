#!/usr/bin/env node
// Runs a node and changes its build at upgrades.
import { launch } from "./launch.mjs";

await launch("chain/supervisor/main.ts");
