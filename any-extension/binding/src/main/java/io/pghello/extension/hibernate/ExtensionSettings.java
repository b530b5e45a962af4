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
 * Names of the Hibernate settings for extensions. Set them like any other Hibernate setting:
 *
 * <pre>{@code
 * pg-extension.create=vector,acme_geo
 * pg-extension.check=vector,acme_geo
 * pg-extension.acme_geo.schema=ext
 * }</pre>
 *
 * <p>In a list of extensions, use the names from {@code CREATE EXTENSION}, separated by commas.
 * {@link ExtensionDescription#lookup} provides the functions and versions of each extension. On
 * databases other than PostgreSQL, the settings have no effect.
 */
public final class ExtensionSettings {
  /**
   * Extensions to create, in the listed order, with {@code create extension if not exists} before
   * Hibernate creates or updates tables, or in a script that does so. Default: none. Existing
   * extensions are not changed, and extensions are never dropped.
   *
   * <p>Costs one round trip per extension, or two if {@link #schemaOf} is set.
   */
  public static final String CREATE = "pg-extension.create";

  /**
   * Extensions to check when a session factory is created, after the schema has been created.
   * Default: none. Costs one round trip per extension, on one of Hibernate's own connections.
   */
  public static final String CHECK = "pg-extension.check";

  /**
   * Reaction if an extension in {@link #CHECK} cannot be used. Default: {@code warn}.
   *
   * <ul>
   *   <li>{@code warn}: writes one line to the log category {@code io.pghello.extension}.
   *   <li>{@code fail}: throws an {@link io.pghello.extension.ExtensionException} instead of
   *       creating the factory.
   *   <li>{@code off}: disables the check.
   * </ul>
   */
  public static final String PREFLIGHT = "pg-extension.preflight";

  private ExtensionSettings() {}

  /**
   * Returns the name of the setting for an extension's schema, for example {@code
   * pg-extension.acme_geo.schema}. Its value is the schema's name without quotes. Default: function
   * names are not qualified, and are resolved through the session's {@code search_path}.
   *
   * @param extension the extension's name
   */
  public static String schemaOf(String extension) {
    return "pg-extension." + extension + ".schema";
  }

  /** Returns the extensions in a setting, without duplicates, in the order of the setting. */
  static List<ExtensionDescription> extensions(ServiceRegistry services, String setting) {
    Object names = settings(services).get(setting);
    if (names == null) {
      return List.of();
    }
    return Arrays.stream(names.toString().split(","))
        .map(String::strip)
        .filter(name -> !name.isEmpty())
        .distinct()
        .map(ExtensionDescription::lookup)
        .toList();
  }

  /**
   * Returns the value of a setting that has a fixed set of values.
   *
   * @param words the allowed values
   * @param byDefault the value if the setting is not set
   * @throws HibernateException if the value is not allowed
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
   * Returns whether a setting is {@code true}, ignoring case; false if it is not set.
   *
   * @throws HibernateException if the value is neither {@code true} nor {@code false}
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
   * Returns the schema in a setting, without quotes; null if it is not set.
   *
   * @throws HibernateException if Hibernate cannot render the name
   */
  public static @Nullable String schema(ServiceRegistry services, String setting) {
    Object schema = settings(services).get(setting);
    if (schema == null) {
      return null;
    }
    String name = schema.toString();
    // Hibernate would render these characters as a parameter or a string literal
    if (name.isEmpty() || name.indexOf('?') >= 0 || name.indexOf('\'') >= 0) {
      throw refused(setting, name, "the name of a schema without ? and '");
    }
    return name;
  }

  /** Returns a name in quotes for SQL. */
  public static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /** Returns the name without quotes, given a result of the server's {@code quote_ident}. */
  public static String unquoted(String identifier) {
    return identifier.startsWith("\"")
        ? identifier.substring(1, identifier.length() - 1).replace("\"\"", "\"")
        : identifier;
  }

  static Map<String, Object> settings(ServiceRegistry services) {
    // Hibernate 5 has no requireService
    ConfigurationService configuration = services.getService(ConfigurationService.class);
    return configuration == null ? Map.of() : configuration.getSettings();
  }
}
