// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryOutputEnum;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.CompositeResourceAccessor;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.resource.ResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.jspecify.annotations.Nullable;

/**
 * Fills a template database with Liquibase. The template is stored in the cache, so the change sets
 * run only once on a machine, until they change.
 *
 * <p>Use this class in an annotation ({@code preparer = LiquibaseChangelog.class}) for the
 * changelog {@code db/changelog/db.changelog-master.yaml} on the class path, or extend it to set
 * properties:
 *
 * <pre>{@code
 * final class OrderChangelog extends LiquibaseChangelog {
 *   OrderChangelog() {
 *     super(Map.of("changelogFile", "db/orders/changelog.xml", "contexts", "test"));
 *   }
 * }
 * }</pre>
 *
 * <p>Needs {@code liquibase-core} 4.31 or later. Immutable.
 *
 * <p>The cache's key is a hash of the properties, of all files in the changelog's directory and its
 * subdirectories, of the settings {@code liquibase.*} and {@code LIQUIBASE_*}, and of Liquibase's
 * jar. Changelogs can be in any format. The template is not stored if its contents may depend on
 * anything else:
 *
 * <ul>
 *   <li>files outside the changelog's directory
 *   <li>changes, preconditions and filters in Java, shell commands, the attribute {@code runWith},
 *       the precondition {@code changeLogPropertyDefined}, and compressed files ({@code .gz})
 *   <li>parameters such as <code>${user.home}</code>, which Liquibase takes from system properties
 *       or environment variables
 *   <li>Liquibase extensions on the class path
 * </ul>
 *
 * If the change sets use the current date or random numbers, override {@link #cacheKey()} to return
 * {@code Optional.empty()}, because this is not detected.
 */
public class LiquibaseChangelog implements DatabasePreparer {
  private static final String CHANGELOG = "changelogFile";
  private static final String SEARCH_PATH = "searchPath";
  private static final String CONTEXTS = "contexts";
  private static final String LABELS = "labelFilter";
  private static final String SCHEMA = "defaultSchemaName";
  private static final String OWN_SCHEMA = "liquibaseSchemaName";
  private static final String TABLE = "databaseChangelogTableName";
  private static final String LOCK_TABLE = "databaseChangelogLockTableName";
  private static final String PARAMETER = "parameter.";
  private static final List<String> KNOWN =
      List.of(CHANGELOG, SEARCH_PATH, CONTEXTS, LABELS, SCHEMA, OWN_SCHEMA, TABLE, LOCK_TABLE);

  /** The keys of changelogs that have read other files in this JVM. */
  private static final Set<String> INCOMPLETE = ConcurrentHashMap.newKeySet();

  private final Map<String, String> properties;

  /** Creates a preparer for {@code db/changelog/db.changelog-master.yaml} on the class path. */
  public LiquibaseChangelog() {
    this(Map.of());
  }

  /**
   * Creates a preparer with properties, which have the names of {@code liquibase.properties}:
   *
   * <ul>
   *   <li>{@code changelogFile}: the changelog, by default {@code
   *       db/changelog/db.changelog-master.yaml}
   *   <li>{@code searchPath}: directories that contain the changelog, separated by commas, instead
   *       of the class path
   *   <li>{@code contexts} and {@code labelFilter}: the change sets to run, by default all
   *   <li>{@code parameter.NAME}: the value of <code>${NAME}</code> in the changelog
   *   <li>{@code defaultSchemaName}, {@code liquibaseSchemaName}, {@code
   *       databaseChangelogTableName}, {@code databaseChangelogLockTableName}
   * </ul>
   *
   * @param properties the properties; Liquibase's default applies to all others
   * @throws IllegalArgumentException if there is no such property
   */
  protected LiquibaseChangelog(Map<String, String> properties) {
    for (String name : properties.keySet()) {
      if (!KNOWN.contains(name) && !name.startsWith(PARAMETER)) {
        throw new IllegalArgumentException(
            "Unknown property "
                + name
                + ". Use one of "
                + String.join(", ", KNOWN)
                + ", parameter.NAME.");
      }
    }
    this.properties = Map.copyOf(properties);
  }

  /**
   * Runs the change sets. Liquibase sends no usage statistics.
   *
   * @throws liquibase.exception.LiquibaseException if a change set fails
   */
  @Override
  public void prepare(DataSource dataSource) throws Exception {
    var files = new TreeMap<String, List<byte[]>>();
    Optional<String> key = hash(files);
    ResourceAccessor all = all();
    try {
      var read = new HashedResources(key.isPresent() ? directory() : null, files, all);
      Scope.child(
          Map.of(Scope.Attr.ui.name(), new LoggerUIService(), "liquibase.analytics.enabled", false),
          () -> update(dataSource, read));
      if (read.readsOthers()) {
        key.ifPresent(INCOMPLETE::add);
      }
    } finally {
      all.close();
    }
  }

  private void update(DataSource dataSource, ResourceAccessor files) throws Exception {
    Database database =
        DatabaseFactory.getInstance()
            .findCorrectDatabaseImplementation(new JdbcConnection(dataSource.getConnection()));
    try (var liquibase = new Liquibase(changelog(), files, database)) {
      set(SCHEMA, database::setDefaultSchemaName);
      set(OWN_SCHEMA, database::setLiquibaseSchemaName);
      set(TABLE, database::setDatabaseChangeLogTableName);
      set(LOCK_TABLE, database::setDatabaseChangeLogLockTableName);
      for (Map.Entry<String, String> each : properties.entrySet()) {
        if (each.getKey().startsWith(PARAMETER)) {
          liquibase.setChangeLogParameter(
              each.getKey().substring(PARAMETER.length()), each.getValue());
        }
      }
      liquibase.setShowSummaryOutput(UpdateSummaryOutputEnum.LOG);
      liquibase.update(
          new Contexts(properties.getOrDefault(CONTEXTS, "")),
          new LabelExpression(properties.getOrDefault(LABELS, "")));
    }
  }

  private interface Setter {
    void set(String value) throws Exception;
  }

  private void set(String name, Setter setter) throws Exception {
    String value = properties.get(name);
    if (value != null) {
      setter.set(value);
    }
  }

  private String changelog() {
    return HashedResources.normalized(
        properties.getOrDefault(CHANGELOG, "db/changelog/db.changelog-master.yaml"));
  }

  /** Returns the changelog's directory, relative to the class path or the search path. */
  private String directory() {
    String file = changelog();
    return file.substring(0, Math.max(0, file.lastIndexOf('/')));
  }

  private List<Path> searchPath() {
    var directories = new ArrayList<Path>();
    for (String directory : properties.getOrDefault(SEARCH_PATH, "").split(",", -1)) {
      if (!directory.isBlank()) {
        directories.add(Path.of(directory.strip()));
      }
    }
    return directories;
  }

  private ResourceAccessor all() throws IOException {
    List<Path> directories = searchPath();
    if (directories.isEmpty()) {
      return new ClassLoaderResourceAccessor(loader());
    }
    var all = new CompositeResourceAccessor();
    for (Path directory : directories) {
      all.addResourceAccessor(new DirectoryResourceAccessor(directory));
    }
    return all;
  }

  private ClassLoader loader() {
    ClassLoader threads = Thread.currentThread().getContextClassLoader();
    return threads == null ? getClass().getClassLoader() : threads;
  }

  /**
   * Returns a hash of the properties, the files in the changelog's directory, and Liquibase's
   * settings and jar.
   */
  @Override
  public Optional<String> cacheKey() {
    return hash(new TreeMap<>()).filter(key -> !INCOMPLETE.contains(key));
  }

  private Optional<String> hash(Map<String, List<byte[]>> files) {
    try {
      return ChangelogHash.of(properties, searchPath(), directory(), loader(), files);
    } catch (InvalidPathException e) {
      // Liquibase reports the problem if it concerns the changelog
      return Optional.empty();
    }
  }

  /** Returns whether the other object has the same class and properties. */
  @Override
  // a subclass may run other change sets
  @SuppressWarnings("EqualsGetClass")
  public boolean equals(@Nullable Object other) {
    return other != null
        && other.getClass() == getClass()
        && ((LiquibaseChangelog) other).properties.equals(properties);
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
