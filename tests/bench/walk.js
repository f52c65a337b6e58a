// SPDX-License-Identifier: MIT
// A node program as it comes: loads the modules of a directory and reads the files of a tree. Run by tests/bench/run.
// It must print the same wherever they lie.
'use strict';
const fs = require('fs');
const path = require('path');

function walk(dir) {
	let bytes = 0;
	for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
		const name = path.join(dir, entry.name);
		if (entry.isDirectory()) bytes += walk(name);
		else if (fs.statSync(name).isFile()) bytes += fs.readFileSync(name).length;
	}
	return bytes;
}

const [modules, tree] = process.argv.slice(2);
let sum = 0;
for (const name of fs.readdirSync(modules)) sum += require(path.join(modules, name));
console.log(sum, walk(tree));
