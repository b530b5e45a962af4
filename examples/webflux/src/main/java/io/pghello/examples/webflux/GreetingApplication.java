// SPDX-License-Identifier: MIT
package io.pghello.examples.webflux;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.vertx.VertxConnections;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Greets over HTTP. */
@SpringBootApplication
public class GreetingApplication {
  public static void main(String[] args) {
    SpringApplication.run(GreetingApplication.class, args);
  }

  @Bean
  Vertx vertx() {
    return Vertx.vertx();
  }

  @Bean
  Pool pool(Vertx vertx, @Value("${greeting.database}") String uri) {
    return PgBuilder.pool()
        .with(new PoolOptions().setMaxSize(4))
        .connectingTo(PgConnectOptions.fromUri(uri).setCachePreparedStatements(true))
        .using(vertx)
        .build();
  }

  @Bean
  PgHelloClient client(Vertx vertx, Pool pool) {
    return PgHelloClient.builder()
        .connections(VertxConnections.of(vertx.getOrCreateContext(), pool))
        .build();
  }
}
