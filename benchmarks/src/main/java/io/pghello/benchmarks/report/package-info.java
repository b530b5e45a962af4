// SPDX-License-Identifier: MIT
/** Results as text, Markdown and JSON. */
@NullMarked
package io.pghello.benchmarks.report;

import org.jspecify.annotations.NullMarked;
