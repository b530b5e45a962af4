// SPDX-License-Identifier: MIT
/**
 * Output of commands: status, findings, tables, JSON, progress; also the durations in options. The
 * lowest package, which uses no other.
 */
@NullMarked
package io.pghello.cli.output;

import org.jspecify.annotations.NullMarked;
