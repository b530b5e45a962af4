// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.ServerFunction;

/** The arguments of a call that can be batched with other calls. */
public interface Request {
  /**
   * Returns the size of the arguments in bytes. The limits of batches and of the queue apply to
   * this size.
   */
  int bytes();

  /** Returns the function that answers the request. */
  ServerFunction function();
}
