// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.PgHelloSettings;
import org.hibernate.HibernateException;
import org.hibernate.engine.config.spi.ConfigurationService;
import org.hibernate.service.ServiceRegistry;

/** The schema that the extension is in, as the program's settings say. */
final class Schema {
  private Schema() {}

  /** Returns what stands before the name of a function: the quoted schema and a dot, or nothing. */
  static String prefix(ServiceRegistry services) {
    ConfigurationService configuration = services.requireService(ConfigurationService.class);
    Object schema = configuration.getSettings().get(PgHelloSettings.SCHEMA);
    if (schema == null) {
      return "";
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
    return '"' + name.replace("\"", "\"\"") + "\".";
  }
}
