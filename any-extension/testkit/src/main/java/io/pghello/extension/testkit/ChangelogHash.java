// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.cache.InputHash;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The cache key of a Liquibase changelog. */
final class ChangelogHash {
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

  private ChangelogHash() {}

  /**
   * Reads and hashes the files in the changelog's directory.
   *
   * @param properties the properties of {@link LiquibaseChangelog}
   * @param directories the directories that contain the changelog; if empty, it is on the class
   *     path
   * @param directory the changelog's directory, relative to the class path or these directories
   * @param loader the class loader of Liquibase
   * @param files receives the contents of the files, by their paths in the directory; several files
   *     can have the same path
   * @return the hash; empty if the result may depend on anything else
   */
  static Optional<String> of(
      Map<String, String> properties,
      List<Path> directories,
      String directory,
      ClassLoader loader,
      Map<String, List<byte[]>> files) {
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
      for (Path each : directories) {
        hash.addDirectory(each.resolve(directory));
      }
      if (directories.isEmpty()) {
        hash.addClassPath(loader, directory);
      }
      if (hasExtensions(loader)) {
        return Optional.empty();
      }
      for (String each : List.of(CLASS, YAML, CSV)) {
        hash.addJarsWith(loader, each);
      }
    } catch (IOException e) {
      // Liquibase reports the problem if it concerns the changelog
      return Optional.empty();
    }
    return hash.key();
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
}
