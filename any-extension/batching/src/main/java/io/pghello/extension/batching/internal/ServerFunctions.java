// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.ArgumentChecks;
import io.pghello.extension.batching.ServerFunction;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The functions that a client calls.
 *
 * @param extension the extension that contains the functions
 * @param all the functions
 * @param checks the client's argument checks; null if there are none
 */
public record ServerFunctions(
    ExtensionDescription extension,
    List<? extends ServerFunction> all,
    @Nullable ArgumentChecks<?> checks) {
  /** Creates functions without argument checks. */
  public ServerFunctions(ExtensionDescription extension, List<? extends ServerFunction> all) {
    this(extension, all, null);
  }

  /**
   * Returns whether the client checks the arguments before it sends them. If so, {@link
   * ArgumentChecks} covers all errors with which the server can reject an argument, and the
   * client's errors never contain an argument.
   */
  public boolean areChecked() {
    return checks != null;
  }
}
