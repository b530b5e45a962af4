// SPDX-License-Identifier: MIT
package io.pghello.plugin;

/**
 * Statistics of a connection since it was opened.
 *
 * @param total connections that are open
 * @param idle connections that wait for work
 * @param waiting callers that wait for a connection
 * @param max the most connections that may be open
 * @param min connections that are kept open
 * @param queryCount operations that ended, well or not
 * @param errorCount operations that failed
 * @param avgQueryTime mean time of an operation, in milliseconds; 0 if there was none
 * @param maxQueryTime the longest time of an operation, in milliseconds
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
