// SPDX-License-Identifier: MIT
package io.pghello.plugin;

/**
 * Statistics of a connection: the current state of its pool, and totals since it was opened.
 *
 * @param total the number of open connections in the pool
 * @param idle the number of idle connections
 * @param waiting the number of callers that are waiting for a connection
 * @param max the maximum number of connections
 * @param min the minimum number of connections that are kept open
 * @param queryCount the number of completed operations, including failed ones
 * @param errorCount the number of failed operations
 * @param avgQueryTime the mean duration of an operation, in milliseconds; 0 if there were no
 *     operations
 * @param maxQueryTime the longest duration of an operation, in milliseconds
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
