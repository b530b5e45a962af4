// SPDX-License-Identifier: MIT
/**
 * Output of commands: status, findings, tables, JSON and progress. Also parses durations in
 * options. This is the lowest package: it uses no other package of this program.
 */
@NullMarked
package io.pghello.cli.output;

import org.jspecify.annotations.NullMarked;
