// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.PgHelloSettings;
import org.hibernate.HibernateException;
import org.hibernate.engine.config.spi.ConfigurationService;
import org.hibernate.service.ServiceRegistry;
import org.jspecify.annotations.Nullable;

/** The schema that the extension is in, as the program's settings say. */
final class Schema {
  private Schema() {}

  /** Returns what stands before the name of a function: the quoted schema and a dot, or nothing. */
  static String prefix(ServiceRegistry services) {
    String name = name(services);
    return name == null ? "" : quoted(name) + ".";
  }

  /** Returns the schema without quotes; null if the settings name none. */
  static @Nullable String name(ServiceRegistry services) {
    ConfigurationService configuration = services.requireService(ConfigurationService.class);
    Object schema = configuration.getSettings().get(PgHelloSettings.SCHEMA);
    if (schema == null) {
      return null;
    }
    String name = schema.toString();
    // Hibernate would take these for a parameter or a text when it renders the function
    if (name.isEmpty() || name.indexOf('?') >= 0 || name.indexOf('\'') >= 0) {
      throw new HibernateException(
          "Setting "
              + PgHelloSettings.SCHEMA
              + " is \""
              + name
              + "\"; it must be the name of a schema without ? and '");
    }
    return name;
  }

  /** Returns the name as SQL has it, in quotes. */
  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /** Returns the name that the server's {@code quote_ident} made this of. */
  static String unquoted(String identifier) {
    return identifier.startsWith("\"")
        ? identifier.substring(1, identifier.length() - 1).replace("\"\"", "\"")
        : identifier;
  }
}
