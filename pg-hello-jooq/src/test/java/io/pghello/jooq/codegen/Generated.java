// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Jdbc;
import org.jooq.meta.jaxb.Logging;
import org.jooq.meta.jaxb.OnError;

/** Generates code from a database, and compiles it. */
record Generated(Path folder) {

  /** Generates code. Throws if jOOQ logs a warning. */
  static Generated from(Configuration configuration, String jdbcUrl, Path folder) throws Exception {
    configuration.getGenerator().getTarget().setDirectory(folder.toString());
    GenerationTool.generate(
        configuration
            .withLogging(Logging.WARN)
            .withOnError(OnError.FAIL)
            .withJdbc(new Jdbc().withUrl(jdbcUrl)));
    return new Generated(folder);
  }

  /** Returns the text of a source file. */
  String source(String path) throws IOException {
    return Files.readString(folder.resolve(path));
  }

  /** Returns the names of all files in a directory. */
  List<String> files(String path) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(path))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** Returns all sources, by their paths. */
  Map<String, String> sources() throws IOException {
    var sources = new TreeMap<String, String>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        sources.put(folder.relativize(file).toString(), Files.readString(file));
      }
    }
    return sources;
  }

  /** Compiles all sources, and returns a class loader for the classes. */
  URLClassLoader compile(Path classes) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    var log = new StringWriter();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null);
        Stream<Path> sources = Files.walk(folder)) {
      boolean compiled =
          compiler
              .getTask(
                  log,
                  manager,
                  null,
                  // Surefire sets this property, because it starts the tests with a jar that only
                  // refers to the other jars
                  List.of(
                      "-nowarn",
                      "-proc:none",
                      "-d",
                      classes.toString(),
                      "-classpath",
                      System.getProperty(
                          "surefire.test.class.path", System.getProperty("java.class.path"))),
                  null,
                  manager.getJavaFileObjects(
                      sources
                          .filter(file -> file.toString().endsWith(".java"))
                          .toArray(Path[]::new)))
              .call();
      assertThat(compiled).as("%s", log).isTrue();
    }
    return new URLClassLoader(new URL[] {url(classes)}, Generated.class.getClassLoader());
  }

  /** Returns the abbreviated signatures of the static methods of a class. */
  static Set<String> methods(Class<?> type) {
    var methods = new TreeSet<String>();
    for (Method method : type.getDeclaredMethods()) {
      methods.add(
          method.getName()
              + Arrays.stream(method.getParameterTypes()).map(Class::getSimpleName).toList());
    }
    return methods;
  }

  private static URL url(Path folder) {
    try {
      return folder.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new UncheckedIOException(e);
    }
  }
}
