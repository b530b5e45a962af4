// SPDX-License-Identifier: MIT
package io.pghello;

import java.util.Objects;
import java.util.Set;

/** The server and the extension that a client uses. Immutable; equal if all values are. */
public final class PgHelloInfo {
  private final String serverVersion;
  private final String extensionVersion;
  private final String schema;
  private final int defaultRepeat;
  private final Set<String> functions;

  /**
   * Creates it as the client would, for tests of programs; nothing of it is null.
   *
   * @param serverVersion the version of PostgreSQL
   * @param extensionVersion the version of the extension
   * @param schema the schema that the extension is in
   * @param defaultRepeat the count of {@code hello(name)}
   * @param functions the signatures of the functions; copied
   */
  public PgHelloInfo(
      String serverVersion,
      String extensionVersion,
      String schema,
      int defaultRepeat,
      Set<String> functions) {
    this.serverVersion = Objects.requireNonNull(serverVersion, "serverVersion");
    this.extensionVersion = Objects.requireNonNull(extensionVersion, "extensionVersion");
    this.schema = Objects.requireNonNull(schema, "schema");
    this.defaultRepeat = defaultRepeat;
    this.functions = Set.copyOf(functions);
  }

  /** Returns the version of PostgreSQL, as in {@code 17.5}, with what its packager adds. */
  public String serverVersion() {
    return serverVersion;
  }

  /** Returns the version of the extension in this database, as in {@code 1.1}. */
  public String extensionVersion() {
    return extensionVersion;
  }

  /** Returns the schema that the extension is in, quoted where SQL needs it. */
  public String schema() {
    return schema;
  }

  /**
   * Returns how many times {@code hello(name)} repeats the greeting in a session of this client.
   */
  public int defaultRepeat() {
    return defaultRepeat;
  }

  /**
   * Returns the signatures of the functions that are there, as in {@code pg_hello(text,integer)};
   * unmodifiable.
   */
  public Set<String> functions() {
    return functions;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PgHelloInfo info
        && serverVersion.equals(info.serverVersion)
        && extensionVersion.equals(info.extensionVersion)
        && schema.equals(info.schema)
        && defaultRepeat == info.defaultRepeat
        && functions.equals(info.functions);
  }

  @Override
  public int hashCode() {
    return Objects.hash(serverVersion, extensionVersion, schema, defaultRepeat, functions);
  }

  @Override
  public String toString() {
    return "PgHelloInfo[serverVersion="
        + serverVersion
        + ", extensionVersion="
        + extensionVersion
        + ", schema="
        + schema
        + ", defaultRepeat="
        + defaultRepeat
        + ", functions="
        + functions
        + "]";
  }
}
