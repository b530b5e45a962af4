// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.hibernate.PgHelloSettings;
import org.hibernate.service.ServiceRegistry;
import org.jspecify.annotations.Nullable;

/** The configured schema of the extension. */
final class Schema {
  private Schema() {}

  /** Returns the prefix of function names: the quoted schema and a dot, or an empty string. */
  static String prefix(ServiceRegistry services) {
    String name = name(services);
    return name == null ? "" : ExtensionSettings.quoted(name) + ".";
  }

  /** Returns the schema without quotes; null if none is configured. */
  static @Nullable String name(ServiceRegistry services) {
    return ExtensionSettings.schema(services, PgHelloSettings.SCHEMA);
  }
}
