// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.internal.Request;
import java.util.List;

/**
 * The driver's limit on the size of a result ({@code maxResultBuffer}). The limit is unknown until
 * the driver rejects a result. Thread-safe.
 */
final class ResultLimit {
  /** Estimated size of a result in bytes, in addition to the size of the request. */
  private static final int ANSWER_BYTES = 16;

  // half the size of the smallest batch with a result that the driver rejected
  private volatile long bytesMax = Long.MAX_VALUE;

  /**
   * Returns whether the driver would probably reject the answer to these requests because of its
   * size.
   */
  boolean isExceededBy(List<? extends Request> requests) {
    return bytesMax < Long.MAX_VALUE && requests.size() > 1 && bytes(requests) > bytesMax;
  }

  /** Records that the driver rejected the answer to these requests. */
  void note(List<? extends Request> requests) {
    bytesMax = Math.min(bytesMax, bytes(requests) / 2);
  }

  private static long bytes(List<? extends Request> requests) {
    long bytes = 0;
    for (Request request : requests) {
      bytes += request.bytes() + ANSWER_BYTES;
    }
    return bytes;
  }
}
