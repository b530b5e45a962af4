// SPDX-License-Identifier: MIT
package com.example;

import static com.example.db.Routines.similarity;
import static com.example.db.Tables.BOOK;
import static org.jooq.impl.DSL.val;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "pg_trgm", scripts = "db/book.sql")
class BooksTest {
  @Test
  void findsTheMostSimilarTitle(DataSource dataSource) {
    DSLContext jooq = DSL.using(dataSource, SQLDialect.POSTGRES);
    jooq.insertInto(BOOK, BOOK.ID, BOOK.TITLE).values(1, "Java").values(2, "PostgreSQL").execute();

    String title =
        jooq.select(BOOK.TITLE)
            .from(BOOK)
            .orderBy(similarity(BOOK.TITLE, val("Postgres")).desc())
            .limit(1)
            .fetchOne(BOOK.TITLE);

    assertEquals("PostgreSQL", title);
  }
}
