// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.cache.InputHash;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;

/**
 * Fills a template database with Flyway. The template is stored in the cache, so the migrations run
 * only once on a machine, until they change.
 *
 * <p>Use this class in an annotation ({@code preparer = FlywayMigrations.class}) for migrations in
 * {@code classpath:db/migration}, or extend it to set Flyway's properties:
 *
 * <pre>{@code
 * final class OrderMigrations extends FlywayMigrations {
 *   OrderMigrations() {
 *     super(Map.of("flyway.locations", "classpath:db/orders", "flyway.schemas", "orders"));
 *   }
 * }
 * }</pre>
 *
 * <p>Needs {@code flyway-core}, and {@code flyway-database-postgresql} since Flyway 10. Immutable.
 *
 * <p>The cache's key is a hash of the properties, of all files in the locations, and of Flyway's
 * jars. The template is not stored if its contents may depend on anything else:
 *
 * <ul>
 *   <li>migrations in Java
 *   <li>the placeholders {@code flyway:timestamp} and {@code flyway:workingDirectory}
 *   <li>locations with wildcards, or other than {@code classpath:} and {@code filesystem:}
 *   <li>properties that name classes or files
 * </ul>
 *
 * If the migrations use the current date or random numbers, override {@link #cacheKey()} to return
 * {@code Optional.empty()}, because this is not detected.
 */
public class FlywayMigrations implements DatabasePreparer {
  private static final String LOCATIONS = "flyway.locations";
  private static final String PLACEHOLDER = "flyway.placeholders.";
  private static final String CLASS_PATH = "classpath:";
  private static final String FILE_SYSTEM = "filesystem:";

  /** The properties with effects that depend only on their values and the locations' files. */
  private static final Set<String> KNOWN =
      Set.of(
          LOCATIONS,
          "flyway.baselineDescription",
          "flyway.baselineOnMigrate",
          "flyway.baselineVersion",
          "flyway.cleanDisabled",
          "flyway.connectRetries",
          "flyway.createSchemas",
          "flyway.defaultSchema",
          "flyway.encoding",
          "flyway.executeInTransaction",
          "flyway.failOnMissingLocations",
          "flyway.group",
          "flyway.initSql",
          "flyway.installedBy",
          "flyway.lockRetryCount",
          "flyway.mixed",
          "flyway.outOfOrder",
          "flyway.placeholderPrefix",
          "flyway.placeholderReplacement",
          "flyway.placeholderSeparator",
          "flyway.placeholderSuffix",
          "flyway.repeatableSqlMigrationPrefix",
          "flyway.schemas",
          "flyway.skipExecutingMigrations",
          "flyway.sqlMigrationPrefix",
          "flyway.sqlMigrationSeparator",
          "flyway.sqlMigrationSuffixes",
          "flyway.table",
          "flyway.tablespace",
          "flyway.target",
          "flyway.validateMigrationNaming",
          "flyway.validateOnMigrate");

  private final Map<String, String> properties;

  /** Creates a preparer for the migrations in {@code classpath:db/migration}. */
  public FlywayMigrations() {
    this(Map.of());
  }

  /**
   * Creates a preparer with properties.
   *
   * @param properties Flyway's properties, e.g. {@code flyway.locations}; Flyway's default applies
   *     to all others
   */
  protected FlywayMigrations(Map<String, String> properties) {
    this.properties = Map.copyOf(properties);
  }

  /**
   * Runs the migrations.
   *
   * @throws org.flywaydb.core.api.FlywayException if a migration fails
   */
  @Override
  public void prepare(DataSource dataSource) {
    Flyway.configure(loader()).configuration(properties).dataSource(dataSource).load().migrate();
  }

  private ClassLoader loader() {
    ClassLoader threads = Thread.currentThread().getContextClassLoader();
    return threads == null ? getClass().getClassLoader() : threads;
  }

  /** Returns a hash of the properties, the migrations and Flyway's jars. */
  @Override
  public Optional<String> cacheKey() {
    var hash = new InputHash((name, content) -> dependsOnEnvironment(content));
    try {
      for (Map.Entry<String, String> each : new TreeMap<>(properties).entrySet()) {
        if (!KNOWN.contains(each.getKey()) && !each.getKey().startsWith(PLACEHOLDER)) {
          return Optional.empty();
        }
        hash.add(each.getKey());
        hash.add(each.getValue());
      }
      String locations = properties.getOrDefault(LOCATIONS, CLASS_PATH + "db/migration");
      for (String location : locations.split(",", -1)) {
        if (!add(hash, location.strip())) {
          return Optional.empty();
        }
      }
      hash.addJarsWith(loader(), "org/flywaydb/core/Flyway.class");
      hash.addJarsWith(loader(), "META-INF/services/org.flywaydb.core.extensibility.Plugin");
    } catch (IOException | InvalidPathException e) {
      // Flyway reports the problem if it concerns the migrations
      return Optional.empty();
    }
    return hash.key();
  }

  private boolean add(InputHash hash, String location) throws IOException {
    if (location.contains("*") || location.contains("?")) {
      return false;
    }
    if (location.startsWith(FILE_SYSTEM)) {
      hash.addDirectory(Path.of(location.substring(FILE_SYSTEM.length())));
      return true;
    }
    String path =
        location.startsWith(CLASS_PATH) ? location.substring(CLASS_PATH.length()) : location;
    if (path.contains(":")) {
      return false;
    }
    hash.addClassPath(loader(), path.startsWith("/") ? path.substring(1) : path);
    return true;
  }

  private static boolean dependsOnEnvironment(byte[] content) {
    String text = new String(content, StandardCharsets.ISO_8859_1);
    return text.contains("flyway:timestamp") || text.contains("flyway:workingDirectory");
  }

  /** Returns whether the other object has the same class and properties. */
  @Override
  // a subclass may run other migrations
  @SuppressWarnings("EqualsGetClass")
  public boolean equals(@Nullable Object other) {
    return other != null
        && other.getClass() == getClass()
        && ((FlywayMigrations) other).properties.equals(properties);
  }

  @Override
  public int hashCode() {
    return Objects.hash(getClass(), properties);
  }

  @Override
  public String toString() {
    return getClass().getName() + properties;
  }
}
