// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.installer.ModuleMagic;
import io.pghello.extension.installer.NativeFileReader;
import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.files.ClassPathExtension;
import io.pghello.extension.testkit.internal.files.ExtensionSource;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.Condition;
import org.junit.jupiter.api.Test;

/** The jar of pg_hello. */
class ExtensionJarTest {
  private static final ClassPathExtension JAR = ClassPathExtension.find("pg_hello").orElseThrow();
  private static final Path EXTENSION = Path.of("..", "extension");

  @Test
  void hasAllScriptsThatTheExtensionHas() throws IOException {
    var expected = new ArrayList<Path>();
    for (String folder : List.of("", "sql", "ops", "ops/sql")) {
      try (Stream<Path> files = Files.list(EXTENSION.resolve(folder))) {
        files
            .filter(file -> file.getFileName().toString().matches(".*\\.control|.*--.*\\.sql"))
            .forEach(expected::add);
      }
    }
    assertThat(scripts().keySet())
        .containsExactlyInAnyOrderElementsOf(
            expected.stream().map(file -> file.getFileName().toString()).toList());
    for (Path file : expected) {
      assertThat(scripts().get(file.getFileName().toString()))
          .as("%s", file)
          .isEqualTo(Files.readAllBytes(file));
    }
  }

  /** All versions must match the control file. */
  @Test
  void agreesOnTheVersionOfTheExtension() throws IOException {
    Matcher version = Pattern.compile("default_version = '(.*)'").matcher(read("pg_hello.control"));
    assertThat(version.find()).isTrue();
    assertThat(read("META.json").lines().filter(line -> line.contains("\"version\": \"")))
        .hasSize(4)
        .areExactly(
            2,
            new Condition<>(
                line -> line.contains("\"" + version.group(1) + ".0\""),
                "the extension's version"));
    String script = "pg_hello--" + version.group(1) + ".sql";
    assertThat(read("META.json")).contains("\"file\": \"sql/" + script + "\"");
    assertThat(read("Changes").lines().skip(2).findFirst())
        .hasValueSatisfying(line -> assertThat(line).startsWith(version.group(1) + ".0 "));
    // an update script names two versions
    assertThat(scripts().keySet())
        .filteredOn(name -> name.matches("pg_hello--[^-]*\\.sql"))
        .as("full scripts: the first version's and the newest's")
        .containsExactlyInAnyOrder("pg_hello--1.0.sql", script);
  }

  @Test
  void agreesOnTheVersionOfTheExtensionForOperations() throws IOException {
    Matcher version =
        Pattern.compile("default_version = '(.*)'").matcher(read("ops/pg_hello_ops.control"));
    assertThat(version.find()).isTrue();
    String script = "pg_hello_ops--" + version.group(1) + ".sql";
    assertThat(read("META.json"))
        .contains("\"file\": \"ops/sql/" + script + "\"")
        .contains("\"version\": \"" + version.group(1) + ".0\"");
    assertThat(scripts()).containsKey(script);
  }

  @Test
  void hasTheProjectsLicense() throws IOException {
    String licence = Files.readString(Path.of("..", "LICENSE"));
    assertThat(read("LICENSE")).isEqualTo(licence);
    String descriptor = "META-INF/pg-extension/pg_hello.properties";
    String jar = ExtensionJarTest.class.getClassLoader().getResource(descriptor).toString();
    // other jars on the class path have licences, too
    try (InputStream in =
        URI.create(jar.replace(descriptor, "META-INF/LICENSE")).toURL().openStream()) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(licence);
    }
  }

  @Test
  void findsTheLibraryOfThisPlatform() throws IOException {
    assertThat(JAR.builds()).isNotEmpty();
    for (String build : JAR.builds()) {
      String[] parts = build.split("/", -1);
      String file = PackedExtension.libraryFile("pg_hello", parts[0], Integer.parseInt(parts[1]));
      byte[] library =
          Objects.requireNonNull(files(build).get(ExtensionSource.LIBRARIES + file), file);
      assertThat(NativeFileReader.read(library).platforms()).contains(parts[0]);
      assertThat(ModuleMagic.major(library)).hasValue(Integer.parseInt(parts[1]));
    }
  }

  private static Map<String, byte[]> files(String build) throws IOException {
    String[] parts = build.split("/", -1);
    return JAR.files(parts[0], Integer.parseInt(parts[1]));
  }

  private static Map<String, byte[]> scripts() throws IOException {
    var scripts = new TreeMap<String, byte[]>();
    files(JAR.builds().get(0))
        .forEach(
            (path, content) -> {
              if (path.startsWith(ExtensionSource.SCRIPTS)) {
                scripts.put(path.substring(ExtensionSource.SCRIPTS.length()), content);
              }
            });
    return scripts;
  }

  private static String read(String file) throws IOException {
    return Files.readString(EXTENSION.resolve(file), StandardCharsets.UTF_8);
  }
}
