// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.hibernate.PgHelloSettings;
import org.hibernate.service.ServiceRegistry;
import org.jspecify.annotations.Nullable;

/** The schema that the extension is in, as the program's settings say. */
final class Schema {
  private Schema() {}

  /** Returns what stands before the name of a function: the quoted schema and a dot, or nothing. */
  static String prefix(ServiceRegistry services) {
    String name = name(services);
    return name == null ? "" : ExtensionSettings.quoted(name) + ".";
  }

  /** Returns the schema without quotes; null if the settings name none. */
  static @Nullable String name(ServiceRegistry services) {
    return ExtensionSettings.schema(services, PgHelloSettings.SCHEMA);
  }
}
