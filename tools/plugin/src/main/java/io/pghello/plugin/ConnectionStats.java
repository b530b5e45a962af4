// SPDX-License-Identifier: MIT
package io.pghello.plugin;

/**
 * Statistics of a connection since it was opened.
 *
 * @param total number of open connections
 * @param idle number of idle connections
 * @param waiting number of callers that wait for a connection
 * @param max maximum number of connections
 * @param min minimum number of connections that are kept open
 * @param queryCount number of completed operations, including failed ones
 * @param errorCount number of failed operations
 * @param avgQueryTime mean duration of an operation, in milliseconds; 0 if there was none
 * @param maxQueryTime longest duration of an operation, in milliseconds
 */
public record ConnectionStats(
    int total,
    int idle,
    int waiting,
    int max,
    int min,
    long queryCount,
    long errorCount,
    double avgQueryTime,
    double maxQueryTime) {}
