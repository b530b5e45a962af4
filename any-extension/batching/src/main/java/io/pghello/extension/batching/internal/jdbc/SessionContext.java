// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.installation.Installations;

/**
 * The settings, functions and known installations that all sessions of a client use.
 *
 * @param functions the functions that the client calls
 */
record SessionContext(
    Settings.Statements settings, ServerFunctions functions, Installations installations) {}
