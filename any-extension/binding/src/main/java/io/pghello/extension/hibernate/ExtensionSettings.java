// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import io.pghello.extension.ExtensionDescription;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.hibernate.HibernateException;
import org.hibernate.engine.config.spi.ConfigurationService;
import org.hibernate.service.ServiceRegistry;
import org.jspecify.annotations.Nullable;

/**
 * Names of settings, to be given to Hibernate as any of its own. They name extensions as {@code
 * CREATE EXTENSION} does, separated by commas; what is known of an extension beside its name is
 * what {@link ExtensionDescription#ofName} finds. On another database than PostgreSQL they do
 * nothing.
 */
public final class ExtensionSettings {
  /**
   * The extensions that are created with the schema, in this order. Where Hibernate creates or
   * updates tables, or writes a script that does, {@code create extension if not exists} comes
   * before them. An extension that is there already stays as it is, and none is dropped. Default:
   * none. Costs one round trip each when the schema is created or updated, two where {@link
   * #schemaOf} names a schema.
   */
  public static final String CREATE = "pg_extension.create";

  /**
   * The extensions of which a session factory checks, when it is created and its schema is, that
   * they can be used. Costs one round trip each, on one of Hibernate's own connections. Default:
   * none.
   */
  public static final String CHECK = "pg_extension.check";

  /**
   * The consequence if one of {@link #CHECK} cannot be used: {@code warn}, a line in Hibernate's
   * log by the name {@code io.pghello.extension}, the default; {@code fail}, the factory is not
   * created, with an {@link io.pghello.extension.ExtensionException}; {@code off}, the database is
   * not asked.
   */
  public static final String PREFLIGHT = "pg_extension.preflight";

  private ExtensionSettings() {}

  /**
   * Returns the name of the setting that says in which schema an extension is, as in {@code
   * pg_extension.acme_geo.schema}: without quotes. By default functions are called without one, and
   * so found on the session's {@code search_path}.
   *
   * @param extension its name
   */
  public static String schemaOf(String extension) {
    return "pg_extension." + extension + ".schema";
  }

  /** Returns the extensions that a setting names, each once, in its order. */
  static List<ExtensionDescription> extensions(ServiceRegistry services, String setting) {
    Object names = settings(services).get(setting);
    if (names == null) {
      return List.of();
    }
    return Arrays.stream(names.toString().split(","))
        .map(String::strip)
        .filter(name -> !name.isEmpty())
        .distinct()
        .map(ExtensionDescription::ofName)
        .toList();
  }

  /**
   * Returns a setting that is one of a few words.
   *
   * @param byDefault what it is if it is not set
   * @throws HibernateException if it is none of them
   */
  public static String oneOf(
      ServiceRegistry services, String setting, List<String> words, String byDefault) {
    Object value = settings(services).get(setting);
    String word = value == null ? byDefault : value.toString();
    if (!words.contains(word)) {
      throw refused(setting, word, String.join(", ", words).replaceFirst(", ([^,]*)$", " or $1"));
    }
    return word;
  }

  /**
   * Returns whether a setting is {@code true}, in letters of any case; false if it is not set.
   *
   * @throws HibernateException if it is neither {@code true} nor {@code false}
   */
  public static boolean isTrue(ServiceRegistry services, String setting) {
    Object value = settings(services).get(setting);
    if (value == null) {
      return false;
    }
    return switch (value.toString().toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw refused(setting, value, "true or false");
    };
  }

  private static HibernateException refused(String setting, Object value, String right) {
    return new HibernateException(
        "Setting " + setting + " is \"" + value + "\"; it must be " + right);
  }

  /**
   * Returns the schema that a setting names, without quotes; null if it names none.
   *
   * @throws HibernateException if Hibernate could not render it
   */
  public static @Nullable String schema(ServiceRegistry services, String setting) {
    Object schema = settings(services).get(setting);
    if (schema == null) {
      return null;
    }
    String name = schema.toString();
    // Hibernate would take these for a parameter or a text when it renders the function
    if (name.isEmpty() || name.indexOf('?') >= 0 || name.indexOf('\'') >= 0) {
      throw refused(setting, name, "the name of a schema without ? and '");
    }
    return name;
  }

  /** Returns a name as SQL has it, in quotes. */
  public static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /** Returns the name that the server's {@code quote_ident} made this of. */
  public static String unquoted(String identifier) {
    return identifier.startsWith("\"")
        ? identifier.substring(1, identifier.length() - 1).replace("\"\"", "\"")
        : identifier;
  }

  static Map<String, Object> settings(ServiceRegistry services) {
    // not requireService, which Hibernate 5 has not
    ConfigurationService configuration = services.getService(ConfigurationService.class);
    return configuration == null ? Map.of() : configuration.getSettings();
  }
}
