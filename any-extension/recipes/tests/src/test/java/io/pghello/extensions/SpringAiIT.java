// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.vectorstore.SearchRequest;
import org.springframework.ai.vectorstore.pgvector.PgVectorStore;
import org.springframework.jdbc.core.JdbcTemplate;

/** The vector store of Spring AI on pgvector, with a model that counts letters. */
// region test
@ExtensionTest(extensions = {"vector", "hstore", "uuid-ossp"})
class SpringAiIT {
  /** Embeds a text as the counts of its letters a, e and o. */
  static float[] embed(String text) {
    var embedding = new float[3];
    for (int i = 0; i < embedding.length; i++) {
      char letter = "aeo".charAt(i);
      embedding[i] = text.chars().filter(each -> each == letter).count();
    }
    return embedding;
  }

  /** Your application uses the model of a provider. */
  static class LetterModel implements EmbeddingModel {
    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
      return new EmbeddingResponse(
          request.getInstructions().stream()
              .map(text -> new Embedding(SpringAiIT.embed(text), 0))
              .toList());
    }

    @Override
    public float[] embed(Document document) {
      return SpringAiIT.embed(document.getText());
    }
  }

  @Test
  void findsTheMostSimilarDocument(DataSource dataSource) {
    PgVectorStore store =
        PgVectorStore.builder(new JdbcTemplate(dataSource), new LetterModel())
            .dimensions(3)
            .initializeSchema(true) // creates the table vector_store, with an HNSW index
            .build();
    store.afterPropertiesSet(); // as Spring does
    store.add(
        List.of(
            new Document("banana", Map.of("colour", "yellow")),
            new Document("beetle", Map.of("colour", "black")),
            new Document("avocado", Map.of("colour", "green"))));

    List<Document> found =
        store.similaritySearch(SearchRequest.builder().query("papaya").topK(1).build());

    assertThat(found).extracting(Document::getText).containsExactly("banana");
  }

  @Test
  void filtersAndDeletes(Connection connection, DataSource dataSource) throws SQLException {
    PgVectorStore store =
        PgVectorStore.builder(new JdbcTemplate(dataSource), new LetterModel())
            .dimensions(3)
            .initializeSchema(true)
            .build();
    store.afterPropertiesSet();
    var black = new Document("beetle", Map.of("colour", "black"));
    store.add(List.of(new Document("banana", Map.of("colour", "yellow")), black));
    SearchRequest filtered =
        SearchRequest.builder().query("kale").topK(5).filterExpression("colour == 'black'").build();
    assertThat(store.similaritySearch(filtered))
        .extracting(Document::getText)
        .containsExactly("beetle");
    store.delete(List.of(black.getId()));
    assertThat(store.similaritySearch(filtered)).isEmpty();
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%vector_store USING hnsw%'")) {
      row.next();
      assertThat(row.getInt(1)).isEqualTo(1);
    }
  }
}
// endregion
