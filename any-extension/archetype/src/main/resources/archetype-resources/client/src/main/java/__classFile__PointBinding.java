package ${package};

import java.sql.SQLException;
import java.util.Objects;
import org.jooq.*;
import org.jooq.impl.AbstractBinding;
import org.jooq.impl.DSL;

/** Maps {@link ${className}Point} for jOOQ. */
public class ${className}PointBinding extends AbstractBinding<Object, ${className}Point> {
  private static final long serialVersionUID = 1L;

  @Override
  public Converter<Object, ${className}Point> converter() {
    return Converter.ofNullable(
        Object.class,
        ${className}Point.class,
        text -> ${className}Point.parse(text.toString()),
        ${className}Point::toString);
  }

  @Override
  public void sql(BindingSQLContext<${className}Point> context) {
    Object text = context.convert(converter()).value();
    context.render().visit(DSL.val(text)).sql("::${extensionName}_point");
  }

  @Override
  public void set(BindingSetStatementContext<${className}Point> context) throws SQLException {
    Object text = context.convert(converter()).value();
    context.statement().setString(context.index(), Objects.toString(text, null));
  }

  @Override
  public void get(BindingGetResultSetContext<${className}Point> context) throws SQLException {
    context.convert(converter()).value(context.resultSet().getString(context.index()));
  }
}
