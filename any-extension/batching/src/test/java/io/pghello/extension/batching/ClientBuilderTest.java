// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests the values and combinations of options that the builder rejects. Needs no server. */
class ClientBuilderTest {
  private static final String URL = "jdbc:postgresql://127.0.0.1:1/app";
  private static final ExtensionDescription EXTENSION =
      ExtensionDescription.builder("acme").function("acme_upper_all(text[])", "text[]").build();
  private static final ServerFunction UPPER_ALL = ServerFunction.of(EXTENSION.functions().get(0));

  private static ClientBuilder<BatchedFunction<String, String>> builder() {
    return BatchedFunction.builder(EXTENSION, UPPER_ALL, new Unused());
  }

  @Test
  void requiresExactlyOneSourceOfConnections() {
    var dataSource = new PGSimpleDataSource();
    for (ClientBuilder<BatchedFunction<String, String>> builder :
        List.of(
            builder(),
            builder().user("ada").password("secret"),
            builder().dataSource(dataSource).url(URL),
            builder().connections(dataSource::getConnection).url(URL),
            builder().dataSource(dataSource).connections(dataSource::getConnection))) {
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("Set exactly one of dataSource, connections and url");
    }
  }

  @Test
  void needsHikariCpForAUrlOnly() throws Exception {
    var urls = new ArrayList<URL>();
    for (String each : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (!Path.of(each).getFileName().toString().startsWith("HikariCP")) {
        urls.add(Path.of(each).toUri().toURL());
      }
    }
    try (var loader =
        new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
      assertThatThrownBy(() -> loader.loadClass(HikariConfig.class.getName()))
          .isInstanceOf(ClassNotFoundException.class);
      loader
          .loadClass(OwnSource.class.getName())
          .asSubclass(Runnable.class)
          .getDeclaredConstructor()
          .newInstance()
          .run();
    }
  }

  /** Creates a client without a URL. */
  public static final class OwnSource implements Runnable {
    @Override
    public void run() {
      builder().connections(new PGSimpleDataSource()::getConnection).build().close();
    }
  }

  @Test
  void closesTheFunctionIfTheClientCannotBeCreated() {
    var created = new AtomicReference<BatchedFunction<String, String>>();
    ClientBuilder<Object> builder =
        ClientDefinition.of(EXTENSION, UPPER_ALL, new Unused())
            .builder(
                "acme",
                function -> {
                  created.set(function);
                  throw new IllegalStateException("no client");
                });
    builder.url(URL);
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no client");
    assertThatThrownBy(() -> created.get().call("Ada"))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rejectsPoolOptionsWithoutAUrl(boolean source) {
    var options =
        Map.<String, Consumer<ClientBuilder<BatchedFunction<String, String>>>>of(
            "user", b -> b.user("ada"),
            "password", b -> b.password("secret"),
            "applicationName", b -> b.applicationName("mine"),
            "statementTimeout", b -> b.statementTimeout(Duration.ofSeconds(1)),
            "pool", b -> b.pool(config -> {}));
    options.forEach(
        (name, option) -> {
          ClientBuilder<BatchedFunction<String, String>> builder = builder();
          option.accept(builder);
          var dataSource = new PGSimpleDataSource();
          if (source) {
            builder.connections(dataSource::getConnection);
          } else {
            builder.dataSource(dataSource);
          }
          assertThatThrownBy(builder::build)
              .isInstanceOf(IllegalStateException.class)
              .hasMessageStartingWith("Only the client's own pool (url) supports " + name + ";")
              .hasMessageNotContaining("secret");
        });
    assertThatThrownBy(
            () ->
                builder()
                    .dataSource(new PGSimpleDataSource())
                    .password("secret")
                    .user("ada")
                    .build())
        .hasMessageContaining("password, user");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "postgresql://ada:secret@localhost/app",
        "jdbc:mysql://localhost/app?password=secret",
        " jdbc:postgresql://localhost/app?password=secret"
      })
  void rejectsOtherUrlsWithoutRepeatingThem(String url) {
    assertThatThrownBy(() -> builder().url(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("The URL does not begin with jdbc:postgresql:")
        .hasNoCause();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://localhost:99999999/app?password=secret",
        "jdbc:postgresql://ada:secret@localhost/app",
        "jdbc:postgresql://secret@localhost",
        "jdbc:postgresql://,/app?password=secret",
        "jdbc:postgresql:?password=%zzsecret"
      })
  void errorForInvalidUrlContainsNoSecret(String url) {
    assertThatThrownBy(() -> builder().url(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessageNotContaining("secret");
  }

  static Stream<Arguments> invalidValues() {
    return Stream.of(
        invalidValue(b -> b.callTimeout(Duration.ZERO), "call is PT0S; it must be at least 1 ms"),
        invalidValue(b -> b.callTimeout(Duration.ofMillis(-1)), "it must be at least 1 ms"),
        invalidValue(b -> b.callTimeout(Duration.ofNanos(999_999)), "it must be at least 1 ms"),
        invalidValue(
            b -> b.callTimeout(Duration.ofDays(20)), "PT480H; it must be at least 1 ms and"),
        invalidValue(b -> b.callTimeout(Duration.ofSeconds(Long.MAX_VALUE)), "less than 20 days"),
        invalidValue(b -> b.callTimeout(Duration.ofSeconds(Long.MIN_VALUE)), "less than 20 days"),
        invalidValue(b -> function().withTimeout(Duration.ZERO), "it must be at least 1 ms"),
        invalidValue(b -> function().withTimeout(Duration.ofDays(20)), "less than 20 days"),
        invalidValue(
            b -> b.statementTimeout(Duration.ofNanos(-1)), "it must be 0, or between 1 ms and"),
        invalidValue(
            b -> b.statementTimeout(Duration.ofNanos(1)), "timeout is PT0.000000001S; it must"),
        invalidValue(b -> b.statementTimeout(Duration.ofDays(30)), "between 1 ms and 24 days"),
        invalidValue(
            b -> b.statementTimeout(Duration.ofSeconds(Long.MAX_VALUE)),
            "between 1 ms and 24 days"),
        invalidValue(b -> b.schema(""), "The name of the schema is empty or contains U+0000"),
        invalidValue(b -> b.schema("a\0b"), "The name of the schema is empty or contains U+0000"),
        invalidValue(b -> b.maxBatchSize(0), "The batch size is 0; it must be 1 or more"),
        invalidValue(b -> b.maxBatchSize(-5), "The batch size is -5; it must be 1 or more"),
        invalidValue(b -> b.maxBatchBytes(0), "bytes of a batch is 0; it must be 1 or more"),
        invalidValue(b -> b.maxInFlightBatches(0), "batches in flight is 0; it must be 1 or more"),
        invalidValue(b -> b.maxQueuedCalls(0), "waiting calls is 0; it must be 1 or more"),
        invalidValue(b -> b.maxQueuedBytes(Integer.MIN_VALUE), "waiting bytes is -2147483648; it"));
  }

  private static BatchedFunction<String, String> function() {
    return builder().dataSource(new PGSimpleDataSource()).build();
  }

  private static Arguments invalidValue(
      Consumer<ClientBuilder<BatchedFunction<String, String>>> setting, String message) {
    return Arguments.of(setting, message);
  }

  @ParameterizedTest
  @MethodSource("invalidValues")
  void rejectsInvalidValues(
      Consumer<ClientBuilder<BatchedFunction<String, String>>> setting, String message) {
    assertThatThrownBy(() -> setting.accept(builder()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  /** Binds and reads nothing, because no statement is sent. */
  private static final class Unused implements BatchMapper<String, String> {
    @Override
    public void bind(PreparedStatement statement, List<String> requests) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<String> read(Array answers) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean matches(String request, String answer) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int sizeInBytes(String request) {
      return request.length();
    }
  }
}
