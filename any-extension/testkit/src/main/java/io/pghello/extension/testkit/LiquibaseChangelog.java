// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.cache.InputHash;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryOutputEnum;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.AbstractResource;
import liquibase.resource.AbstractResourceAccessor;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.CompositeResourceAccessor;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.resource.Resource;
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

  private static final String CLASS = "liquibase/Liquibase.class";
  private static final String YAML = "org/yaml/snakeyaml/Yaml.class";
  private static final String CSV = "com/opencsv/CSVParser.class";
  private static final String SERVICES = "META-INF/services/liquibase.";

  /** Words for classes, programs and XML entities, and escaped dollar signs. */
  private static final Pattern OTHER_INPUT =
      Pattern.compile(
          "customChange|customPrecondition|changeLogPropertyDefined|executeCommand|runWith"
              + "|resourceFilter|resourceComparator"
              + "|\\bfilter[\"']?\\s*[=:]\\s*[\"']?[\\w$]+\\.|<!ENTITY|<!DOCTYPE"
              + "|&#0*36;|&#x0*24;|\\\\u0024|\\\\x24",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern EXPRESSION = Pattern.compile("\\$\\{([^}]*)");

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
    Optional<String> key = read(files);
    ResourceAccessor all = all();
    try {
      var read = new HashedFiles(key.isPresent() ? directory() : null, files, all);
      Scope.child(
          Map.of(Scope.Attr.ui.name(), new LoggerUIService(), "liquibase.analytics.enabled", false),
          () -> update(dataSource, read));
      if (read.readsOthers) {
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
    return normalized(properties.getOrDefault(CHANGELOG, "db/changelog/db.changelog-master.yaml"));
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
    return read(new TreeMap<>()).filter(key -> !INCOMPLETE.contains(key));
  }

  /**
   * Reads and hashes the files in the changelog's directory.
   *
   * @param files receives the contents of the files, by their paths in the directory; several files
   *     can have the same path
   */
  private Optional<String> read(Map<String, List<byte[]>> files) {
    var hash =
        new InputHash(
            (name, content) -> {
              files.computeIfAbsent(name, unused -> new ArrayList<>()).add(content);
              // the content of a compressed file is not searched for parameters
              return name.toLowerCase(Locale.ROOT).endsWith(".gz") || dependsOnOtherInput(content);
            });
    try {
      for (Map.Entry<String, String> each : new TreeMap<>(properties).entrySet()) {
        hash.add(each.getKey());
        hash.add(each.getValue());
        if (dependsOnOtherInput(each.getValue().getBytes(StandardCharsets.UTF_8))) {
          return Optional.empty();
        }
      }
      addSettings(hash);
      for (Path directory : searchPath()) {
        hash.addDirectory(directory.resolve(directory()));
      }
      if (searchPath().isEmpty()) {
        hash.addClassPath(loader(), directory());
      }
      if (hasExtensions(loader())) {
        return Optional.empty();
      }
      for (String each : List.of(CLASS, YAML, CSV)) {
        hash.addJarsWith(loader(), each);
      }
    } catch (IOException | InvalidPathException e) {
      // Liquibase reports the problem if it concerns the changelog
      return Optional.empty();
    }
    return hash.isComplete() ? Optional.of(hash.hex()) : Optional.empty();
  }

  private static void addSettings(InputHash hash) {
    var settings = new TreeMap<String, String>();
    System.getenv().forEach((name, value) -> settings.put("env " + name, value));
    for (String name : System.getProperties().stringPropertyNames()) {
      settings.put("property " + name, System.getProperty(name, ""));
    }
    settings.forEach(
        (name, value) -> {
          // Liquibase ignores case, and accepts dots, hyphens and underscores
          String lower = name.toLowerCase(Locale.ROOT);
          if (lower.startsWith("env liquibase") || lower.startsWith("property liquibase")) {
            hash.add(name);
            hash.add(value);
          }
        });
  }

  /** Returns whether other jars than Liquibase's extend Liquibase. */
  private static boolean hasExtensions(ClassLoader loader) throws IOException {
    URL url = loader.getResource(CLASS);
    if (url == null || !(url.openConnection() instanceof JarURLConnection connection)) {
      return true;
    }
    connection.setUseCaches(false);
    try (JarFile jar = connection.getJarFile()) {
      for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
        if (entry.getName().startsWith(SERVICES)
            && Collections.list(loader.getResources(entry.getName())).size() > 1) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean dependsOnOtherInput(byte[] content) {
    // without zeros, the ASCII characters of UTF-16 are ASCII
    String text = new String(content, StandardCharsets.ISO_8859_1).replace("\0", "");
    if (OTHER_INPUT.matcher(text).find()) {
      return true;
    }
    for (Matcher matcher = EXPRESSION.matcher(text); matcher.find(); ) {
      if (isOfEnvironment(matcher.group(1).strip())) {
        return true;
      }
    }
    return false;
  }

  private static boolean isOfEnvironment(String name) {
    return name.contains("$")
        || name.equalsIgnoreCase("LIQUIBASE_EXECUTION_DEPLOYMENT_ID")
        || System.getenv().keySet().stream().anyMatch(name::equalsIgnoreCase)
        || System.getProperties().stringPropertyNames().stream().anyMatch(name::equalsIgnoreCase);
  }

  /** Returns a path as Liquibase stores it, e.g. without {@code classpath:}. */
  private static String normalized(String path) {
    return Path.of(withoutPrefix(path).replaceFirst("^/+", ""))
        .normalize()
        .toString()
        .replace('\\', '/');
  }

  private static String withoutPrefix(String path) {
    return path.replace('\\', '/').replaceFirst("^classpath\\*?:", "");
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

  /**
   * The files that the key covers, and all others. So the files that Liquibase reads are always
   * those that were hashed.
   */
  private static final class HashedFiles extends AbstractResourceAccessor {
    private final @Nullable String directory;
    private final Map<String, List<byte[]>> files;
    private final ResourceAccessor others;
    private volatile boolean readsOthers;

    /**
     * Creates an instance.
     *
     * @param directory the directory of the hashed files; null for none
     */
    HashedFiles(
        @Nullable String directory, Map<String, List<byte[]>> files, ResourceAccessor others) {
      this.directory = directory;
      this.files = files;
      this.others = others;
    }

    /** Returns the path in the directory; null if the path is outside. */
    private @Nullable String inside(String path) {
      if (directory == null) {
        return null;
      }
      String normalized;
      try {
        normalized = normalized(path);
      } catch (InvalidPathException e) {
        return null;
      }
      if (directory.isEmpty()) {
        return normalized.startsWith("..") ? null : normalized;
      }
      if (normalized.equals(directory)) {
        return "";
      }
      return normalized.startsWith(directory + "/")
          ? normalized.substring(directory.length() + 1)
          : null;
    }

    @Override
    public List<Resource> getAll(String path) throws IOException {
      String name = inside(path);
      if (name == null) {
        readsOthers = true;
        return others.getAll(withoutPrefix(path));
      }
      var found = new ArrayList<Resource>();
      for (byte[] content : files.getOrDefault(name, List.of())) {
        found.add(new HashedFile(this, path, found.size(), content));
      }
      return found;
    }

    @Override
    public List<Resource> search(String path, boolean recursive) throws IOException {
      String name = inside(path);
      if (name == null) {
        readsOthers = true;
        return others.search(withoutPrefix(path), recursive);
      }
      var found = new ArrayList<Resource>();
      String prefix = name.isEmpty() ? "" : name + "/";
      for (String each : files.keySet()) {
        if (each.startsWith(prefix) && (recursive || each.indexOf('/', prefix.length()) < 0)) {
          found.addAll(getAll(normalized(directory + "/" + each)));
        }
      }
      return found;
    }

    @Override
    public List<String> describeLocations() {
      return others.describeLocations();
    }

    @Override
    public void close() {
      // the caller closes the others
    }
  }

  private static final class HashedFile extends AbstractResource {
    private final ResourceAccessor files;
    private final byte[] content;

    HashedFile(ResourceAccessor files, String path, int index, byte[] content) {
      super(path, uri(path, index));
      this.files = files;
      this.content = content;
    }

    private static URI uri(String path, int index) {
      try {
        return new URI("classpath", "/" + normalized(path), String.valueOf(index));
      } catch (URISyntaxException e) {
        throw new IllegalArgumentException(e);
      }
    }

    @Override
    public InputStream openInputStream() throws IOException {
      var in = new ByteArrayInputStream(content);
      return getPath().endsWith(".gz") ? new GZIPInputStream(in) : in;
    }

    @Override
    public boolean exists() {
      return true;
    }

    @Override
    public Resource resolve(String other) {
      return file(resolvePath(other));
    }

    @Override
    public Resource resolveSibling(String other) {
      return file(resolveSiblingPath(other));
    }

    private Resource file(String path) {
      try {
        return files.get(path);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
