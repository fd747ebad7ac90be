//! Who belongs to whom at the least total cost, on buffers that are used again.
//!
//! Shortest augmenting paths with potentials (the Hungarian method in the form of Jonker and Volgenant 1987). Costs at or above the
//! caller's limit mean "rather not at all": such a pair is never made, and a cheap pair is never broken to make one.

/// Reusable memory for [`Assignment::solve`].
#[derive(Debug, Default)]
pub(super) struct Assignment {
    cost: Vec<f32>,
    rows: usize,
    columns: usize,
    limit: f32,
    row_price: Vec<f32>,
    column_price: Vec<f32>,
    /// Row of each column plus one; 0 is none. Column 0 is the row being placed.
    row_of: Vec<usize>,
    came_from: Vec<usize>,
    nearest: Vec<f32>,
    is_done: Vec<bool>,
    column_of: Vec<Option<usize>>,
}

impl Assignment {
    /// Begins a problem of `rows` × `columns` in which no pair is allowed yet.
    pub(super) fn begin(&mut self, rows: usize, columns: usize, limit: f32) {
        (self.rows, self.columns, self.limit) = (rows, columns, limit);
        self.cost.clear();
        self.cost.resize(rows * columns, limit);
    }

    /// Allows a pair at a price below the limit; NaN and more than the limit leave it forbidden.
    pub(super) fn allow(&mut self, row: usize, column: usize, cost: f32) {
        if cost < self.limit {
            self.cost[row * self.columns + column] = cost;
        }
    }

    /// The column of each row, or `None`.
    pub(super) fn solve(&mut self) -> &[Option<usize>] {
        // Every row gets a column of its own at the limit's price: taking it means staying alone.
        let total = self.columns + self.rows;
        for buffer in [&mut self.column_price, &mut self.nearest] {
            buffer.clear();
            buffer.resize(total + 1, 0.0);
        }
        self.row_price.clear();
        self.row_price.resize(self.rows + 1, 0.0);
        for buffer in [&mut self.row_of, &mut self.came_from] {
            buffer.clear();
            buffer.resize(total + 1, 0);
        }
        self.is_done.clear();
        self.is_done.resize(total + 1, false);
        for row in 1..=self.rows {
            self.place(row);
        }
        self.column_of.clear();
        self.column_of.resize(self.rows, None);
        for column in 1..=self.columns {
            if let Some(row) = self.row_of[column].checked_sub(1)
                && self.cost[row * self.columns + column - 1] < self.limit
            {
                self.column_of[row] = Some(column - 1);
            }
        }
        &self.column_of
    }

    fn cost(&self, row: usize, column: usize) -> f32 {
        if column <= self.columns { self.cost[(row - 1) * self.columns + column - 1] } else { self.limit }
    }

    /// Finds the cheapest way to give `row` a column, moving others along the way (Dijkstra over reduced costs).
    fn place(&mut self, row: usize) {
        self.row_of[0] = row;
        self.nearest.fill(f32::INFINITY);
        self.is_done.fill(false);
        let mut column = 0;
        while self.row_of[column] != 0 {
            self.is_done[column] = true;
            column = self.widen(column);
        }
        while column != 0 {
            let previous = self.came_from[column];
            self.row_of[column] = self.row_of[previous];
            column = previous;
        }
    }

    /// One step of the search from `column`'s row; the next column is the nearest one not done.
    fn widen(&mut self, column: usize) -> usize {
        let row = self.row_of[column];
        let (mut step, mut next) = (f32::INFINITY, 0);
        for other in 1..=self.columns + self.rows {
            if self.is_done[other] {
                continue;
            }
            let reduced = self.cost(row, other) - self.row_price[row] - self.column_price[other];
            if reduced < self.nearest[other] {
                self.nearest[other] = reduced;
                self.came_from[other] = column;
            }
            if self.nearest[other] < step {
                (step, next) = (self.nearest[other], other);
            }
        }
        for other in 0..=self.columns + self.rows {
            if self.is_done[other] {
                self.row_price[self.row_of[other]] += step;
                self.column_price[other] -= step;
            } else {
                self.nearest[other] -= step;
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: f32 = 1.0;

    fn solved(costs: &[Vec<f32>], columns: usize) -> Vec<Option<usize>> {
        let mut assignment = Assignment::default();
        assignment.begin(costs.len(), columns, LIMIT);
        for (row, line) in costs.iter().enumerate() {
            for (column, &cost) in line.iter().enumerate() {
                assignment.allow(row, column, cost);
            }
        }
        assignment.solve().to_vec()
    }

    fn price(costs: &[Vec<f32>], of: &[Option<usize>]) -> f32 {
        of.iter().enumerate().map(|(row, column)| column.map_or(LIMIT, |column| costs[row][column])).sum()
    }

    /// The least price by trying everything.
    fn brute_force(costs: &[Vec<f32>], row: usize, taken: u32) -> f32 {
        let Some(line) = costs.get(row) else { return 0.0 };
        let alone = LIMIT + brute_force(costs, row + 1, taken);
        let free = line.iter().enumerate().filter(|&(column, &cost)| taken & (1 << column) == 0 && cost < LIMIT);
        free.map(|(column, cost)| cost + brute_force(costs, row + 1, taken | 1 << column)).fold(alone, f32::min)
    }

    fn problems() -> impl Strategy<Value = (usize, Vec<Vec<f32>>)> {
        (0usize..6, 0usize..6)
            .prop_flat_map(|(rows, columns)| (Just(columns), prop::collection::vec(prop::collection::vec(0.0f32..1.6, columns), rows)))
    }

    proptest! {
        #[test]
        fn it_is_as_cheap_as_trying_everything((columns, costs) in problems()) {
            let of = solved(&costs, columns);
            prop_assert!((price(&costs, &of) - brute_force(&costs, 0, 0)).abs() < 1e-4);
            let mut used: Vec<_> = of.iter().flatten().collect();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), of.iter().flatten().count(), "no column twice");
            prop_assert!(of.iter().enumerate().all(|(row, column)| column.is_none_or(|column| costs[row][column] < LIMIT)));
        }
    }

    #[test]
    fn a_good_pair_is_not_broken_to_make_two_bad_ones() {
        assert_eq!(solved(&[vec![0.1, 0.95], vec![0.95, 2.0]], 2), vec![Some(0), None]);
    }
}
