// SPDX-License-Identifier: MIT
package io.pghello;

import java.util.Set;

/**
 * What a client talks to.
 *
 * @param serverVersion the version of PostgreSQL, as in {@code 17.5}, with what its packager adds
 * @param extensionVersion the version of the extension in this database, as in {@code 1.1}
 * @param schema the schema that the extension is in, quoted where SQL needs it
 * @param defaultRepeat how many times {@code hello(name)} repeats the greeting in a session of this
 *     client
 * @param functions the signatures of the functions that are there, as in {@code
 *     pg_hello(text,integer)}
 */
public record PgHelloInfo(
    String serverVersion,
    String extensionVersion,
    String schema,
    int defaultRepeat,
    Set<String> functions) {
  /** Creates it; the set is copied. */
  public PgHelloInfo {
    functions = Set.copyOf(functions);
  }
}
