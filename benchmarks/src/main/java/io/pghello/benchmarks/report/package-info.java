// SPDX-License-Identifier: MIT
/** Results as text, as Markdown tables in pages, and as an HTML page. */
@NullMarked
package io.pghello.benchmarks.report;

import org.jspecify.annotations.NullMarked;
