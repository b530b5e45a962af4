// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import io.pghello.jooq.PgHello;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import jakarta.persistence.EntityManagerFactory;
import org.jooq.DSLContext;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

/** One property sets the extension's schema everywhere. */
@SpringBootTest(
    properties = {
      "pg-hello.schema=ext",
      "pg-hello.preflight=fail",
      "spring.jpa.hibernate.ddl-auto=create",
      "spring.sql.init.mode=always",
      "spring.sql.init.schema-locations=classpath:sql/move-extension.sql"
    })
@AutoConfigurePgHello
class SchemaIT {
  @Autowired PgHelloClient client;
  @Autowired People people;
  @Autowired DSLContext jooq;
  @Autowired EntityManagerFactory factory;

  @Test
  void allFindIt() {
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    assertThat(people.save(new Person("Ada")).greeting).isEqualTo("Hello, Ada!");
    assertThat(jooq.select(PgHello.pgHello("Ada")).fetchSingle().value1()).isEqualTo("Hello, Ada!");
    assertThat(factory.getProperties())
        .containsEntry("pg-hello.schema", "ext")
        .as("the starter checks the same database later, and can make startup fail")
        .containsEntry("pg-hello.preflight", "off");
  }
}
