// SPDX-License-Identifier: MIT
/** Results in text, Markdown, and HTML format. */
@NullMarked
package io.pghello.benchmarks.report;

import org.jspecify.annotations.NullMarked;
