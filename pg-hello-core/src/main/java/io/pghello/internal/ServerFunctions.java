// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.ExtensionDescription;
import java.util.List;

/**
 * The functions that a client calls.
 *
 * @param extension the extension that has them, as the client needs it
 * @param all the functions
 */
public record ServerFunctions(ExtensionDescription extension, List<? extends ServerFunction> all) {
  /** The functions of {@code pg_hello}. */
  public static final ServerFunctions OF_PG_HELLO =
      new ServerFunctions(Function.EXTENSION, List.of(Function.values()));

  /** Returns whether the arguments are names, of which errors can say more. */
  public boolean takeNames() {
    return equals(OF_PG_HELLO);
  }
}
