// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import java.io.Closeable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Asks an application on this machine, with a connection for each request in flight. */
final class HttpCaller implements Load.AsyncCaller, Closeable {
  private static final String BEGIN = "{\"greeting\":\"";
  private static final char END = '"';

  // fewer than Node.js and Tomcat keep a connection, which else could be closed as it is used
  private static final int IDLE_SECONDS = 2;

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(1));
  private final Context context = vertx.getOrCreateContext();
  private final HttpClient client;
  private final String path;

  /**
   * Prepares it.
   *
   * @param path that of a request, before the name
   */
  HttpCaller(int port, String path, int inFlight) {
    this.path = path;
    client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setDefaultHost("127.0.0.1")
                .setDefaultPort(port)
                .setKeepAliveTimeout(IDLE_SECONDS),
            new PoolOptions().setHttp1MaxSize(inFlight));
  }

  @Override
  public void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
    if (context.equals(Vertx.currentContext())) {
      request(name, answer);
    } else {
      // or an answer would come before somebody listens
      context.runOnContext(nothing -> request(name, answer));
    }
  }

  private void request(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
    client
        .request(HttpMethod.GET, path + name)
        .compose(HttpClientRequest::send)
        .compose(HttpClientResponse::body)
        .onComplete(
            body -> answer.accept(greeting(body.toString()), null),
            error -> answer.accept(null, error));
  }

  /** Returns the greeting in an answer, or all of an answer that has none. */
  private static String greeting(String body) {
    int end = body.indexOf(END, BEGIN.length());
    return body.startsWith(BEGIN) && end > 0 ? body.substring(BEGIN.length(), end) : body;
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
