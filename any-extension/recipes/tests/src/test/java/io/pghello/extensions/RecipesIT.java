// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Runs the test.sql of each recipe on one server that has the extensions of all recipes. */
class RecipesIT {
  private static final Path FOLDER = Path.of("..");
  private static final int MAJOR = Integer.getInteger("postgres.major", 17);

  /** The first line of each statement in test.sql that is repeated until it returns true. */
  private static final String WAIT = "-- wait\n";

  private static final Pattern LICENCE = Pattern.compile("<licence>(.*)</licence>");

  /** Patterns that match a licence's text, or the distribution's reference to the licence. */
  private static final Map<String, String> LICENCES =
      Map.ofEntries(
          entry("0BSD", "for any purpose with or without fee is hereby granted"),
          entry("Apache-2.0", "under the Apache License, Version 2 0|the Apache 2 0 license"),
          entry("Artistic-2.0", "the Artistic license"),
          entry("BSD-3-Clause", "Redistribution and use in source and binary forms"),
          entry("GPL-2.0-or-later", "the GNU General Public License as published by"),
          entry("GPL-3.0-or-later", "the GNU General Public License as published by"),
          entry("LGPL-2.1-or-later", "the GNU Lesser General Public License as published by"),
          entry("LGPL-3.0-or-later", "the GNU Lesser General Public License as published by"),
          entry("MIT", "Permission is hereby granted, free of charge"),
          entry("PostgreSQL", "without fee, and without a written agreement"));

  private static List<Recipe> recipes = List.of();
  private static ExtensionServer server;

  /**
   * A recipe.
   *
   * @param extension the recipe's extension
   * @param majors the PostgreSQL major versions for which there were packages
   */
  private record Recipe(Path folder, String extension, List<String> majors) {
    boolean isForThisMajor() {
      return majors.contains(Integer.toString(MAJOR));
    }
  }

  @BeforeAll
  static void start() throws IOException {
    recipes = recipes();
    // without any recipe, all tests would succeed
    assertThat(recipes).as("recipes for PostgreSQL %d", MAJOR).anyMatch(Recipe::isForThisMajor);
    // pg_cron works only in one database
    ExtensionServer.Builder builder =
        ExtensionServer.builder().setting("cron.database_name", "pg_cron");
    recipes.stream()
        .filter(Recipe::isForThisMajor)
        .forEach(
            each ->
                builder.extension(NativeExtension.fromClassPath(each.extension()).withoutCreate()));
    server = builder.start();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  private static List<Recipe> recipes() throws IOException {
    var found = new ArrayList<Recipe>();
    try (Stream<Path> folders = Files.list(FOLDER)) {
      for (Path folder : folders.sorted().toList()) {
        Path build = folder.resolve("build");
        if (!Files.exists(folder.resolve("test.sql")) || !Files.exists(build)) {
          continue;
        }
        try (Stream<Path> files = Files.list(build)) {
          for (Path file : files.filter(f -> f.toString().endsWith(".properties")).toList()) {
            var descriptor = new Properties();
            try (Reader in = Files.newBufferedReader(file)) {
              descriptor.load(in);
            }
            String name = file.getFileName().toString();
            if (descriptor.containsKey("folder")) {
              // this is another extension from the same packages, and the same test.sql uses it
              continue;
            }
            found.add(
                new Recipe(
                    folder,
                    name.substring(0, name.lastIndexOf('.')),
                    List.of(descriptor.getProperty("majors").split(",", -1))));
          }
        }
      }
    }
    return found;
  }

  @TestFactory
  Stream<DynamicTest> isOfUse() {
    return recipes.stream()
        .filter(Recipe::isForThisMajor)
        .map(each -> DynamicTest.dynamicTest(each.extension(), () -> use(each)));
  }

  private static void use(Recipe recipe) throws IOException, SQLException {
    int answers = 0;
    try (TestDatabase database = server.createEmptyDatabase(recipe.extension());
        Connection connection = database.superuserDataSource().getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : Files.readString(recipe.folder().resolve("test.sql")).split("\n\n", -1)) {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        boolean answered = statement.execute(sql);
        boolean right = answered && isTrue(statement);
        while (sql.startsWith(WAIT) && !right && System.nanoTime() < end) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
          right = statement.execute(sql) && isTrue(statement);
        }
        if (answered) {
          assertThat(right).as(sql).isTrue();
          answers++;
        }
      }
    }
    assertThat(answers).isPositive();
  }

  private static boolean isTrue(Statement statement) throws SQLException {
    try (ResultSet rows = statement.getResultSet()) {
      return rows.next() && rows.getBoolean(1);
    }
  }

  /**
   * The POM of each jar names the licence of the jar's contents, and the jar contains the text of
   * the licence. The extension's versions for different PostgreSQL versions can have different
   * licences, so a jar for one version contains only one of the texts.
   */
  @TestFactory
  Stream<DynamicTest> containsItsLicence() throws IOException {
    List<Path> texts;
    try (Stream<Path> paths = Files.find(FOLDER, 4, (path, unused) -> path.endsWith("copyright"))) {
      texts = paths.filter(path -> path.getNameCount() == 5).toList();
    }
    assertThat(texts).hasSizeGreaterThan(recipes.size());
    return texts.stream()
        .map(text -> DynamicTest.dynamicTest(text.toString(), () -> containsItsLicence(text)));
  }

  private static void containsItsLicence(Path text) throws IOException {
    Path recipe = text.resolveSibling("../../pom.xml");
    Matcher licence = LICENCE.matcher(Files.readString(recipe));
    assertThat(licence.find()).as("a licence in %s", recipe).isTrue();
    String said = "";
    try (DirectoryStream<Path> texts =
        Files.newDirectoryStream(text.resolveSibling("."), "copyright{,-[0-9][0-9]}")) {
      for (Path each : texts) {
        said += Files.readString(each).replaceAll("[\\s*.]+", " ");
      }
    }
    List<String> licences = List.of(licence.group(1).split(" AND ", -1));
    assertThat(LICENCES).containsKeys(licences.toArray(String[]::new));
    String all = said;
    Predicate<String> isContained = each -> Pattern.compile(LICENCES.get(each)).matcher(all).find();
    boolean isForOneMajor =
        recipes.stream()
            .anyMatch(each -> text.startsWith(each.folder()) && each.majors().size() == 1);
    if (isForOneMajor) {
      assertThat(licences).as("licences in %s", said).anyMatch(isContained);
    } else {
      assertThat(licences).as("licences in %s", said).allMatch(isContained);
    }
  }

  /** The page may list extensions that the distribution no longer has. */
  @Test
  void isInThePage() throws IOException {
    List<List<String>> rows =
        Files.readAllLines(FOLDER.resolve("../../docs/extensions.md")).stream()
            .filter(line -> line.startsWith("| "))
            .map(line -> List.of(line.split(" *\\| *", -1)))
            .toList();
    int column = rows.get(0).indexOf(Integer.toString(MAJOR));
    for (Recipe each : recipes) {
      if (each.isForThisMajor()) {
        assertThat(rows)
            .as("a row with a version of %s for PostgreSQL %d", each.extension(), MAJOR)
            .anyMatch(
                row ->
                    row.get(2).equals("`" + each.extension() + "`")
                        && row.get(column).matches("\\d.*"));
      }
    }
  }
}
