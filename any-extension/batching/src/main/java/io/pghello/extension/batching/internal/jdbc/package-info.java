// SPDX-License-Identifier: MIT
/**
 * Runs statements on connections, and handles their timeouts, errors, retries and answers. May
 * change in any release.
 */
@NullMarked
package io.pghello.extension.batching.internal.jdbc;

import org.jspecify.annotations.NullMarked;
