// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Locations;
import io.pghello.PgHelloClient;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.jooq.PgHello;
import io.pghello.plugin.PostgresConnection;
import io.pghello.spring.boot.SpringConnectionSource;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Compares the reflection in the published libraries with their metadata for GraalVM native images.
 * This module is the only one that depends on all of these libraries.
 */
class NativeImageTest {
  /** A class of each published library that runs in native images. */
  private static final Map<String, Class<?>> LIBRARIES =
      Map.of(
          "pg-extension-binding", ExtensionDescription.class,
          "pg-extension-batching", BatchedFunction.class,
          "pg-hello-core", PgHelloClient.class,
          "pg-hello-hibernate", WelcomeMessage.class,
          "pg-hello-jooq", PgHello.class,
          "pg-hello-spring-boot-starter", SpringConnectionSource.class,
          "pg-hello-plugin", PostgresConnection.class);

  /** The published artifacts that are not libraries, or run on a JVM only. */
  private static final List<String> NOT_IN_NATIVE_IMAGES =
      List.of(
          "pg-hello-bom",
          "pg-extension-installer",
          "pg-hello-extension",
          "pg-extension-batching-vertx",
          "pg-extension-testkit",
          "pg-extension-maven-plugin",
          "pg-extension-archetype",
          "pg-hello-testkit",
          "pg-hello-mcp");

  private static final List<String> WITH_FILES =
      List.of("pg-extension-batching", "pg-hello-hibernate", "pg-hello-plugin");

  /** Calls that native images support only with metadata, unless all arguments are constants. */
  private static final Pattern REFLECTION =
      Pattern.compile(
          "java\\.lang\\.Class\\.(forName|newInstance|getRecordComponents|getPermittedSubclasses"
              + "|getNestMembers|get(Declared)?(Method|Field|Constructor|Classe)s?|getResource\\w*)"
              + "|java\\.lang\\.ClassLoader\\.(loadClass|findClass|defineClass|getResource\\w*"
              + "|resources)"
              + "|java\\.lang\\.invoke\\.MethodHandles\\$Lookup\\.(find\\w+|unreflect\\w*"
              + "|define\\w+)"
              + "|java\\.lang\\.reflect\\.(Proxy|Array)\\.new\\w+"
              + "|java\\.io\\.ObjectInputStream\\.readObject"
              + "|java\\.util\\.ResourceBundle\\.getBundle"
              + "|java\\.util\\.concurrent\\.atomic\\.Atomic\\w+FieldUpdater\\.newUpdater"
              + "|java\\.beans\\.Introspector\\.\\w+"
              + "|org\\.springframework\\.(util\\.ClassUtils\\.(forName|resolveClassName|isPresent)"
              + "|beans\\.BeanUtils\\.instantiate\\w*)");

  private static final String BATCHING = "io.pghello.extension.batching.internal.";
  private static final String HIBERNATE = "io.pghello.hibernate.internal.";
  private static final String STARTER = "io.pghello.spring.boot.";

  /** The methods that use reflection, with the reflected type. */
  private static final Map<String, String> WITH_METADATA =
      Map.of(
          BATCHING + "Threads.isVirtual",
          "java.lang.Thread",
          BATCHING + "coalescing.Call.<clinit>",
          BATCHING + "coalescing.Call",
          BATCHING + "coalescing.CallFuture.<clinit>",
          BATCHING + "coalescing.CallFuture",
          HIBERNATE + "attribute.AttributePath.instantiate",
          "org.hibernate.metamodel.spi.EmbeddableInstantiator",
          HIBERNATE + "attribute.AttributePath.instantiateOfHibernate6",
          "org.hibernate.metamodel.spi.EmbeddableInstantiator",
          HIBERNATE + "events.ValueListener.session",
          "org.hibernate.event.spi.AbstractEvent",
          "io.pghello.plugin.internal.Records.names",
          "io.pghello.plugin.Permissions",
          "io.pghello.plugin.internal.Records.ofRecord",
          "io.pghello.plugin.Permissions",
          "io.pghello.plugin.internal.Texts.resource",
          "io/pghello/plugin/**");

  /** The methods that use reflection without metadata, with the reason. */
  private static final Map<String, String> WITHOUT_METADATA =
      Map.of(
          BATCHING + "jdbc.ForeignErrors.serverError",
          "a native image has only one class loader, and so only one pgjdbc",
          HIBERNATE + "attribute.AttributePath.unsetValues",
          "arrays of primitive types",
          HIBERNATE + "mapping.MappingRules.hasEmptyConstructor",
          "Spring and Quarkus register the constructors of entities and embeddables",
          STARTER + "DataSources$1.computeValue",
          "not called in a native image (DataSourcesIT)",
          STARTER + "DataSources.present",
          "Spring's hints (RuntimeHintsIT)",
          STARTER + "PgHelloAutoConfiguration.hasJta",
          "Spring's hints (RuntimeHintsIT)");

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ClassLoader LOADER = NativeImageTest.class.getClassLoader();
  private static final JavaClasses CLASSES;

  static {
    // resolving classes of libraries takes seconds, and their names are sufficient
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES =
        new ClassFileImporter()
            .importLocations(
                Locations.of(LIBRARIES.values().stream().map(NativeImageTest::root).toList()));
  }

  /** Returns the location of a library's classes. */
  private static URL root(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  private static boolean isInNativeImages(JavaClass type) {
    // jOOQ's generator calls this package
    return !type.getPackageName().startsWith("io.pghello.jooq.codegen");
  }

  @Test
  void allPublishedArtifactsAreListed() throws IOException {
    Matcher published =
        Pattern.compile("PUBLISHED=\\(([^)]*)\\)")
            .matcher(Files.readString(Path.of("..", "scripts", "lib.sh")));
    assertThat(published.find()).isTrue();
    assertThat(published.group(1).strip().split("\\s+"))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(LIBRARIES.keySet().stream(), NOT_IN_NATIVE_IMAGES.stream()).toList());
  }

  /**
   * If this test fails, add the reflected type to the metadata of the library's artifact, and the
   * method to {@link #WITH_METADATA}.
   */
  @Test
  void allReflectionHasMetadata() throws Exception {
    var found = new TreeSet<String>();
    for (JavaClass type : CLASSES.stream().filter(NativeImageTest::isInNativeImages).toList()) {
      Stream.concat(
              type.getAccessesFromSelf().stream(), type.getMethodReferencesFromSelf().stream())
          .filter(access -> isReflection(access))
          .forEach(access -> found.add(name(access)));
    }

    assertThat(found)
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(WITH_METADATA.keySet().stream(), WITHOUT_METADATA.keySet().stream())
                .toList());
    for (String method : WITH_METADATA.keySet()) {
      String artifact =
          method.startsWith(BATCHING)
              ? "pg-extension-batching"
              : method.startsWith(HIBERNATE) ? "pg-hello-hibernate" : "pg-hello-plugin";
      assertThat(values(url(artifact))).as(method).contains(WITH_METADATA.get(method));
    }
  }

  private static boolean isReflection(JavaAccess<?> access) {
    return REFLECTION
        .matcher(access.getTargetOwner().getName() + "." + access.getTarget().getName())
        .matches();
  }

  private static String name(JavaAccess<?> access) {
    // the compiler puts the code of a lambda expression into a separate method
    return access.getOriginOwner().getName()
        + "."
        + access.getOrigin().getName().replaceFirst("^lambda\\$(\\w+)\\$\\d+$", "$1");
  }

  /** The metadata names each class and member exactly as it is. */
  @Test
  void metadataNamesExistingMembers() throws Exception {
    for (String artifact : WITH_FILES) {
      JsonNode metadata = read(url(artifact));
      assertThat(names(metadata)).isSubsetOf("reflection", "resources");
      for (JsonNode entry : metadata.get("reflection")) {
        assertThat(names(entry))
            .isSubsetOf(
                "type",
                "methods",
                "fields",
                "allDeclaredConstructors",
                "allDeclaredFields",
                "allDeclaredMethods");
        Class<?> type = Class.forName(entry.get("type").textValue(), false, LOADER);
        for (JsonNode field : entry.path("fields")) {
          assertThat(type.getDeclaredField(field.get("name").textValue())).isNotNull();
        }
        for (JsonNode method : entry.path("methods")) {
          assertThat(method.get("parameterTypes")).isEmpty();
          String name = method.get("name").textValue();
          if (name.equals("<init>")) {
            assertThat(type.getDeclaredConstructor()).isNotNull();
          } else if (type != Thread.class || Runtime.version().feature() >= 21) {
            assertThat(type.getDeclaredMethod(name)).isNotNull();
          }
        }
      }
    }
  }

  /** Annotations refer to classes, which Hibernate instantiates. */
  @Test
  void classesInAnnotationsHaveMetadata() throws Exception {
    Set<String> classes =
        CLASSES.stream()
            .filter(NativeImageTest::isInNativeImages)
            .flatMap(type -> type.getAnnotations().stream())
            .filter(each -> each.getRawType().getName().startsWith("org.hibernate."))
            .flatMap(each -> each.getProperties().values().stream())
            .filter(JavaClass.class::isInstance)
            .map(value -> ((JavaClass) value).getName())
            .collect(toSet());
    assertThat(classes).isNotEmpty();
    assertThat(values(url("pg-hello-hibernate"))).containsAll(classes);
  }

  /** The plugin converts JSON to records, and records to JSON. */
  @Test
  void allRecordsOfThePluginHaveMetadata() throws Exception {
    List<String> records =
        CLASSES.stream()
            .filter(type -> type.isRecord() && type.getName().startsWith("io.pghello.plugin."))
            .map(JavaClass::getName)
            .toList();
    assertThat(values(url("pg-hello-plugin")))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(records.stream(), Stream.of("io/pghello/plugin/**")).toList());
  }

  /** Returns the file with the metadata of a library, which is in the library's own jar. */
  private static URL url(String artifact) {
    String name =
        "META-INF/native-image/io.github.pg-hello/" + artifact + "/reachability-metadata.json";
    URL url = requireNonNull(LOADER.getResource(name), name);
    assertThat(url.toString()).contains(root(requireNonNull(LIBRARIES.get(artifact))).toString());
    return url;
  }

  private static JsonNode read(URL metadata) throws IOException {
    try (InputStream in = metadata.openStream()) {
      return JSON.readTree(in);
    }
  }

  /** Returns the types and the patterns of resources in a file with metadata. */
  private static List<String> values(URL metadata) throws IOException {
    JsonNode json = read(metadata);
    return Stream.concat(
            json.get("reflection").findValuesAsText("type").stream(),
            json.path("resources").findValuesAsText("glob").stream())
        .toList();
  }

  private static Set<String> names(JsonNode object) {
    var names = new TreeSet<String>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
